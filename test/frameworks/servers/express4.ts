/** The application of the suites on Express 4, which does not hear of rejections: async handlers are wrapped. */
import { createServer, type Server } from "node:http";
import { Readable } from "node:stream";
import type express from "express";
import express4 from "express4";
import { expressSession, getSession } from "../../../src/adapters/express.ts";
import type { Sessions } from "../../../src/index.ts";
import type { Ways } from "../../support/adapter-suites/guarantees.ts";
import { type Adapter, type Application, type Data, running } from "../../support/adapters.ts";

function pages(sessions: Sessions<Data>, application: Application): express.RequestHandler {
  return (req, res, next) => {
    const answer = async (): Promise<void> => {
      const { status = 200, headers = {}, body } = await application(getSession(sessions, req), req.path);
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
      if (typeof body === "function") Readable.from(body()).pipe(res.status(status));
      else res.status(status).send(body);
    };
    answer().catch(next);
  };
}

const errorPage: express.ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
  if (res.headersSent) return next(error);
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.status(error.status ?? 500).send("error page");
};

function server(
  sessions: Sessions<Data>,
  application: Application,
  onError: (error: unknown) => void = () => {},
): Server {
  const app = express4();
  app.use(expressSession(sessions, { onError }));
  app.use(pages(sessions, application));
  app.use(errorPage);
  return createServer(app);
}

export const expressFour: Adapter = {
  name: "express 4, on node",
  start: (sessions, application, onError) => running(server(sessions, application, onError)),
};

export const expressFourWays: Ways = {
  mounted(sessions, application) {
    const sub = express4().use(expressSession(sessions)).use(pages(sessions, application));
    const app = express4().use(expressSession(sessions)).use(expressSession(sessions)).use("/sub", sub);
    return running(createServer(app));
  },
};
