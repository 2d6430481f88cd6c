import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { page } from "../application.ts";

/** Makes a server that the benchmark starts; `folder` is there for its files. */
export type MakeServer = (folder: string) => Server | Promise<Server>;

/** Answers on `node:http`, each server in the same way. */
export function send(res: ServerResponse, count: number | undefined): void {
  res.setHeader("content-type", "text/plain; charset=utf-8");
  res.end(page(count));
}

export function serve(listener: (req: IncomingMessage, res: ServerResponse) => unknown): Server {
  return createServer(listener);
}
