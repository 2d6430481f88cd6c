/** The application of the suites mounted in another, and over HTTP/2: by the name of its adapter. */
import { createServer } from "node:http";
import {
  createServer as createHttp2Server,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo } from "node:net";
import express from "express";
import Fastify, { type FastifyInstance } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { expressSession, getSession } from "../../src/adapters/express.ts";
import { fastifySession, getSession as getFastifySession } from "../../src/adapters/fastify.ts";
import { withSession as withFetchSession } from "../../src/adapters/fetch.ts";
import { honoSession, type SessionEnv } from "../../src/adapters/hono.ts";
import { koaSession, type SessionContext } from "../../src/adapters/koa.ts";
import { openSession, withSession } from "../../src/adapters/node.ts";
import type { Sessions } from "../../src/index.ts";
import type { Ways } from "./adapter-suites/guarantees.ts";
import { type Application, asResponse, byRuntime, type Data, pathOf, reply, running, type Start } from "./adapters.ts";
import { listen, overHttp, overHttp2 } from "./sockets.ts";

type All = Sessions<Data>;

const fetched = (handler: (request: Request) => Promise<Response>): ReturnType<Start> =>
  Promise.resolve({ send: byRuntime(handler), port: undefined, close: () => {} });

const handle: Start = (sessions, application) =>
  fetched((request) =>
    sessions.handle(request, () =>
      sessions.handle(request, async (session) => asResponse(await application(session, pathOf(request.url)))),
    ),
  );

const fetch: Start = (sessions, application) => {
  const inner = withFetchSession(sessions, async (session, { url }) =>
    asResponse(await application(session, pathOf(url))),
  );
  return fetched(withFetchSession(sessions, (_session, request) => inner(request.clone())));
};

const node: Start = (sessions, application) => {
  const inner = withSession(sessions, async (req, res, session) =>
    reply(res, await application(session, pathOf(req.url ?? "/"))),
  );
  return running(createServer(withSession(sessions, (req, res) => inner(req, res))));
};

const nodeOpen: Start = (sessions, application) =>
  running(
    createServer(async (req, res) => {
      const outer = await openSession(sessions, req, res);
      const inner = outer && (await openSession(sessions, req, res));
      if (inner) reply(res, await application(inner, pathOf(req.url ?? "/")));
    }),
  );

const expressMounted: Start = (sessions, application) => {
  const sub = express().use(expressSession(sessions), async (req, res) => {
    const { status = 200, body } = await application(getSession(sessions, req), req.path);
    res.status(status).send(body);
  });
  const app = express().use(expressSession(sessions), expressSession(sessions)).use("/sub", sub);
  return running(createServer(app));
};

function koaApp(sessions: All, application: Application): Koa<Koa.DefaultState, SessionContext<Data>> {
  const app = new Koa<Koa.DefaultState, SessionContext<Data>>();
  app.silent = true;
  app.use(koaSession(sessions));
  app.use(koaSession(sessions));
  app.use(async (ctx) => {
    const { status = 200, headers, body } = await application(ctx.session, ctx.path);
    ctx.set((headers ?? {}) as Record<string, string>);
    ctx.body = body ?? null;
    ctx.status = status;
  });
  return app;
}

function fastifyRoutes(sessions: All, application: Application) {
  return async (app: FastifyInstance): Promise<void> => {
    app.all("/*", async (request, answer) => {
      const session = getFastifySession(sessions, request);
      const { status = 200, headers = {}, body } = await application(session, pathOf(request.url));
      return answer
        .code(status)
        .headers(headers as Record<string, string>)
        .send(body);
    });
  };
}

const fastifyMounted: Start = async (sessions, application) => {
  const app = Fastify({ forceCloseConnections: true });
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  await app.register(fastifySession(sessions));
  // Registered twice it is refused, as its users expect; what is encapsulated has the session of what is around it.
  await app.register(fastifyRoutes(sessions, application), { prefix: "/sub" });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { send: overHttp(port), port, close: () => void app.close() };
};

const honoMounted: Start = (sessions, application) => {
  const sub = new Hono<SessionEnv<Data>>()
    .use(honoSession(sessions))
    .all("*", async (c) => asResponse(await application(c.var.session, c.req.path)));
  const app = new Hono<SessionEnv<Data>>().use(honoSession(sessions)).use(honoSession(sessions)).route("/sub", sub);
  return fetched(async (request) => app.fetch(request));
};

async function http2(server: Http2Server): ReturnType<Start> {
  const port = await listen(server);
  return { send: overHttp2(port), port: undefined, close: () => void server.close() };
}

const fastifyHttp2: Start = async (sessions, application) => {
  const app = Fastify({ http2: true }) as unknown as FastifyInstance;
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  await app.register(fastifySession(sessions));
  await app.register(fastifyRoutes(sessions, application));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { send: overHttp2(port), port: undefined, close: () => void app.close() };
};

const koaMounted: Start = (sessions, application) => running(createServer(koaApp(sessions, application).callback()));

const nodeHttp2: Start = (sessions, application) =>
  http2(
    createHttp2Server(
      withSession<Data, Http2ServerRequest, Http2ServerResponse>(sessions, async (req, res, session) =>
        reply(res, await application(session, pathOf(req.url))),
      ),
    ),
  );

export const otherWays: Readonly<Record<string, Ways>> = {
  "sessions.handle": { mounted: handle },
  fetch: { mounted: fetch },
  "node, withSession": { mounted: node, http2: nodeHttp2 },
  "node, openSession": { mounted: nodeOpen },
  express: { mounted: expressMounted },
  "koa, on node": {
    mounted: koaMounted,
    http2: (sessions, application) => http2(createHttp2Server(koaApp(sessions, application).callback() as never)),
  },
  "fastify, on node": { mounted: fastifyMounted, http2: fastifyHttp2 },
  "hono, app.request": { mounted: honoMounted },
};
