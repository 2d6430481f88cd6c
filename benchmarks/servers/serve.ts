import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { page } from "../application.ts";

export interface Place {
  /** For its files. */
  readonly folder: string;
  /** Of the database that its part of the benchmark has started; empty for parts that need none. */
  readonly url: string;
}

/** Makes a server that the benchmark starts. */
export type MakeServer = (place: Place) => Server | Promise<Server>;

/** Answers on `node:http`, each server in the same way. */
export function send(res: ServerResponse, count: number | undefined): void {
  res.setHeader("content-type", "text/plain; charset=utf-8");
  res.end(page(count));
}

export function serve(listener: (req: IncomingMessage, res: ServerResponse) => unknown): Server {
  return createServer(listener);
}
