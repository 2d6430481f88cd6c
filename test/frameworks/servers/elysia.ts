/** The application of the suites on Elysia, on Node. */
import { node } from "@elysiajs/node";
import { Elysia } from "elysia";
import { elysiaSession } from "../../../src/adapters/elysia.ts";
import { type Adapter, asResponse, pathOf } from "../../support/adapters.ts";

export const elysia: Adapter = {
  name: "elysia",
  async start(sessions, application, onError = () => {}) {
    const { wrap, derive, onError: answer } = elysiaSession(sessions, { onError });
    const app = new Elysia({ adapter: node() })
      .wrap(wrap)
      .onError({ as: "global" }, answer)
      .derive({ as: "global" }, derive)
      .all("/*", async ({ session, request }) => asResponse(await application(session, pathOf(request.url))));
    app.compile();
    return { send: async (request) => app.fetch(request), port: undefined, close: () => {} };
  },
};
