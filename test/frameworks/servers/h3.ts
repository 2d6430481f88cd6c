/** The application of the suites on h3. */
import { H3, HTTPResponse, serve } from "h3";
import * as candidate from "h3-candidate";
import { getSession, h3Session } from "../../../src/adapters/h3.ts";
import type { Ways } from "../../support/adapter-suites/guarantees.ts";
import { type Adapter, asHeaders, asResponse, pathOf, type Reply } from "../../support/adapters.ts";
import { overHttp } from "../../support/sockets.ts";

/** Texts as h3 makes them, and streams as a Response. */
function answer(made: Reply): unknown {
  const { status = 200, headers, body = "" } = made;
  if (typeof body === "function" || status === 204 || status === 304) return asResponse(made);
  return new HTTPResponse(body, { status, headers: asHeaders(headers) });
}

export const h3: Adapter = {
  name: "h3, on node",
  async start(sessions, application, onError = () => {}) {
    const app = new H3({ silent: true });
    app.use(h3Session(sessions, { onError }));
    app.all("/**", async (event) => answer(await application(getSession(sessions, event), event.url.pathname)));
    const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
    await server.ready();
    const port = Number(new URL(server.url ?? "").port);
    return { send: overHttp(port), port, close: () => void server.close(true) };
  },
};

/** What Nitro 3.0 pins. */
export const h3Candidate: Adapter = {
  name: "h3 2.0.1-rc.2",
  async start(sessions, application, onError = () => {}) {
    const app = new candidate.H3({ silent: true });
    app.use(h3Session(sessions, { onError }) as candidate.Middleware);
    app.all("/**", async (event) => asResponse(await application(getSession(sessions, event), pathOf(event.req.url))));
    return { send: async (request) => app.fetch(request), port: undefined, close: () => {} };
  },
};

export const h3Ways: Ways = {
  async mounted(sessions, application) {
    const sub = new H3({ silent: true })
      .use(h3Session(sessions))
      .all("/**", async (event) => answer(await application(getSession(sessions, event), pathOf(event.req.url))));
    const app = new H3({ silent: true }).use(h3Session(sessions)).use(h3Session(sessions)).mount("/sub", sub);
    return { send: async (request) => app.fetch(request), port: undefined, close: () => {} };
  },
};
