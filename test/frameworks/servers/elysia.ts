/** The application of the suites on Elysia, on Node: asked directly, and over a port. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { node } from "@elysiajs/node";
import { Elysia } from "elysia";
import { elysiaSession } from "../../../src/adapters/elysia.ts";
import type { Sessions } from "../../../src/index.ts";
import type { Ways } from "../../support/adapter-suites/guarantees.ts";
import { type Adapter, type Application, asResponse, type Data, pathOf } from "../../support/adapters.ts";
import { overHttp } from "../../support/sockets.ts";

function application(sessions: Sessions<Data>, given: Application, onError: (error: unknown) => void) {
  const { wrap, derive, onError: answer } = elysiaSession(sessions, { onError });
  return new Elysia({ adapter: node() })
    .wrap(wrap)
    .onError({ as: "global" }, answer)
    .derive({ as: "global" }, derive)
    .all("/*", async ({ session, request }) => asResponse(await given(session, pathOf(request.url))));
}

export const elysia: Adapter = {
  name: "elysia",
  async start(sessions, given, onError = () => {}) {
    const app = application(sessions, given, onError);
    app.compile();
    return { send: async (request) => app.fetch(request), port: undefined, close: () => {} };
  },
};

/** Over a port. Elysia on Node tells the one that it was asked for, which is 0: Node's own server knows. */
export const elysiaServer: Adapter = {
  name: "elysia, on node",
  async start(sessions, given, onError = () => {}) {
    const app = application(sessions, given, onError);
    const server = await new Promise<Server>((resolve) => {
      app.listen({ port: 0, hostname: "127.0.0.1" }, ({ raw }: object & { raw?: { node: { server: Server } } }) => {
        const below = raw?.node.server as Server;
        if (below.listening) resolve(below);
        else below.once("listening", () => resolve(below));
      });
    });
    const { port } = server.address() as AddressInfo;
    const close = (): void => {
      server.closeAllConnections();
      server.close();
    };
    return { send: overHttp(port), port, close };
  },
};

export const elysiaWays: Ways = {
  async mounted(sessions, given) {
    const { wrap, derive, onError } = elysiaSession(sessions);
    const inner = elysiaSession(sessions);
    const sub = new Elysia({ prefix: "/sub", adapter: node() })
      .derive(inner.derive)
      .all("/*", async ({ session, request }) => asResponse(await given(session, pathOf(request.url))));
    const app = new Elysia({ adapter: node() })
      .wrap(inner.wrap)
      .wrap(wrap)
      .onError({ as: "global" }, onError)
      .derive({ as: "global" }, derive)
      .use(sub);
    app.compile();
    return { send: async (request) => app.fetch(request), port: undefined, close: () => {} };
  },
};
