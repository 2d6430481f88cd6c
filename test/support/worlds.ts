/** The two worlds of adapters, Fetch and Node: one application runs in both. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { withSession } from "../../src/adapters/node.ts";
import type { Session, Sessions } from "../../src/index.ts";
import type { Server } from "./client.ts";

/** Answers with what becomes the JSON of the response. */
export type Application<Data extends object> = (session: Session<Data>, url: URL) => Promise<unknown>;

export interface World {
  readonly server: Server;
  close(): Promise<void>;
}

type OpenWorld = <Data extends object>(sessions: Sessions<Data>, application: Application<Data>) => Promise<World>;

export const worlds: Record<"Fetch" | "Node", OpenWorld> = {
  Fetch: async (sessions, application) => ({
    server: (request) =>
      sessions.handle(request, async (session) => Response.json(await application(session, new URL(request.url)))),
    close: async () => {},
  }),

  async Node(sessions, application) {
    const listener = withSession(sessions, async (req, res, session) => {
      res.end(JSON.stringify(await application(session, new URL(req.url as string, "http://localhost"))));
    });
    const http = createServer(listener).listen(0, "127.0.0.1");
    await new Promise((resolve) => http.once("listening", resolve));
    const { port } = http.address() as AddressInfo;
    return {
      server: ({ url, method, headers }) => {
        const { pathname, search } = new URL(url);
        return fetch(`http://127.0.0.1:${port}${pathname}${search}`, { method, headers });
      },
      async close() {
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
      },
    };
  },
};
