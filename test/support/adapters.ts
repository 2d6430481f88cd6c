/** One small application, served by every adapter in the way that is natural there. */
import { createServer, type Server } from "node:http";
import {
  createServer as createHttp2Server,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import express, { type ErrorRequestHandler } from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import { stream as streamBody } from "hono/streaming";
import Koa from "koa";
import { expressSession, getSession } from "../../src/adapters/express.ts";
import { fastifySession, getSession as getFastifySession } from "../../src/adapters/fastify.ts";
import { withSession as withFetchSession } from "../../src/adapters/fetch.ts";
import { honoSession, type SessionEnv } from "../../src/adapters/hono.ts";
import { koaSession, type SessionContext } from "../../src/adapters/koa.ts";
import { type NodeResponse, openSession, withSession as withNodeSession } from "../../src/adapters/node.ts";
import type { Session, Sessions } from "../../src/index.ts";
import * as fetchLike from "./own-adapters/fetch-like.ts";
import * as nodeLike from "./own-adapters/node-like.ts";
import { listen, overHttp, overHttp2 } from "./sockets.ts";

export interface Data {
  count?: number;
  [key: string]: unknown;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A generator is streamed. */
  readonly body?: string | (() => AsyncGenerator<string>);
}

/** The application: what it answers to a path, for a session. What it throws, the framework deals with. */
export type Application = (session: Session<Data>, path: string) => Reply | Promise<Reply>;

export interface Running {
  /** Sends a request as a browser would. */
  readonly send: (request: Request) => Promise<Response>;
  /** The port of a server that talks HTTP/1; undefined where there is none. */
  readonly port: number | undefined;
  close(): void;
}

export type Start = (
  sessions: Sessions<Data>,
  application: Application,
  onError?: (error: unknown) => void,
) => Promise<Running>;

export interface Adapter {
  readonly name: string;
  readonly start: Start;
}

export async function running(server: Server): Promise<Running> {
  const port = await listen(server);
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { send: overHttp(port), port, close };
}

/** Writes a reply by Node's own methods. */
export function reply(res: NodeResponse, { status = 200, headers = {}, body }: Reply): void {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value as string);
  if (typeof body === "function") Readable.from(body()).pipe(res as never);
  else (res as { end(body?: string): unknown }).end(body);
}

export function asHeaders(headers: Reply["headers"] = {}): Headers {
  const made = new Headers();
  for (const [name, value] of Object.entries(headers)) for (const line of [value].flat()) made.append(name, line);
  return made;
}

export function asResponse({ status = 200, headers, body = "" }: Reply): Response {
  const empty = status === 204 || status === 304;
  const content =
    typeof body === "function" ? (Readable.toWeb(Readable.from(body(), { objectMode: false })) as BodyInit) : body;
  return new Response(empty ? null : content, { status, headers: asHeaders(headers) });
}

export const pathOf = (url: string): string => new URL(url, "http://x").pathname;

/** What a runtime does with a Fetch handler that throws. */
export const byRuntime = (handler: (request: Request) => Promise<Response>) => (request: Request) =>
  handler(request).catch(() => new Response("runtime", { status: 500 }));

/** An error page of the application, as Express's own, which takes all headers back. */
const errorPage: ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
  if (res.headersSent) return next(error);
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.status(error.status ?? 500).send("error page");
};

function expressServer(
  sessions: Sessions<Data>,
  application: Application,
  onError: (error: unknown) => void = () => {},
): Server {
  const app = express();
  app.use(expressSession(sessions, { onError }));
  app.use(async (req, res) => {
    const { status = 200, headers = {}, body } = await application(getSession(sessions, req), req.path);
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    if (typeof body === "function") Readable.from(body()).pipe(res.status(status));
    else res.status(status).send(body);
  });
  app.use(errorPage);
  return createServer(app);
}

function koaServer(
  sessions: Sessions<Data>,
  application: Application,
  onError: (error: unknown) => void = () => {},
): Server {
  const app = new Koa<Koa.DefaultState, SessionContext<Data>>();
  app.silent = true;
  app.use(koaSession(sessions, { onError }));
  app.use(async (ctx) => {
    const { status = 200, headers = {}, body } = await application(ctx.session, ctx.path);
    ctx.status = status;
    for (const [name, value] of Object.entries(headers)) ctx.set(name, value as string);
    ctx.body = typeof body === "function" ? Readable.from(body()) : (body ?? null);
    // Koa makes 204 of an answer without a body.
    ctx.status = status;
  });
  return createServer(app.callback());
}

async function fastifyServer(
  sessions: Sessions<Data>,
  application: Application,
  onError: (error: unknown) => void = () => {},
): Promise<Running> {
  const app = Fastify({ forceCloseConnections: true });
  // Fastify itself refuses bodies of kinds that it does not know, before anybody is asked who sent them.
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  await app.register(fastifySession(sessions, { onError }));
  app.all("*", async (request, reply) => {
    const path = pathOf(request.url);
    const { status = 200, headers = {}, body } = await application(getFastifySession(sessions, request), path);
    for (const [name, value] of Object.entries(headers)) reply.header(name, value);
    return reply.code(status).send(typeof body === "function" ? Readable.from(body()) : body);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { send: overHttp(port), port, close: () => void app.close() };
}

function honoApp(
  sessions: Sessions<Data>,
  application: Application,
  onError: (error: unknown) => void = () => {},
): Hono<SessionEnv<Data>> {
  const app = new Hono<SessionEnv<Data>>();
  app.use(honoSession(sessions, { onError }));
  app.onError((_error, c) => c.text("error page", 500));
  app.all("*", async (c) => {
    const made = await application(c.var.session, c.req.path);
    const { body } = made;
    if (typeof body !== "function") return asResponse(made);
    for (const [name, line] of asHeaders(made.headers)) c.header(name, line, { append: true });
    return streamBody(c, async (stream) => {
      for await (const chunk of body()) await stream.write(chunk);
    });
  });
  return app;
}

export const adapters: readonly Adapter[] = [
  {
    name: "sessions.handle",
    start: async (sessions, application) => ({
      send: byRuntime((request) =>
        sessions.handle(request, async (session) => asResponse(await application(session, pathOf(request.url)))),
      ),
      port: undefined,
      close: () => {},
    }),
  },
  {
    name: "fetch",
    start: async (sessions, application, onError) => {
      const handler = withFetchSession(
        sessions,
        async (session, { url }) => asResponse(await application(session, pathOf(url))),
        {
          onError: (error) => void onError?.(error),
        },
      );
      return { send: byRuntime(handler), port: undefined, close: () => {} };
    },
  },
  {
    name: "node, withSession",
    start: (sessions, application, onError = () => {}) =>
      running(
        createServer(
          withNodeSession(
            sessions,
            async (req, res, session) => reply(res, await application(session, pathOf(req.url ?? "/"))),
            { onError },
          ),
        ),
      ),
  },
  {
    name: "node, openSession",
    start: (sessions, application, onError = () => {}) =>
      running(
        createServer(async (req, res) => {
          const session = await openSession(sessions, req, res, { onError });
          if (!session) return;
          try {
            reply(res, await application(session, pathOf(req.url ?? "/")));
          } catch (error) {
            onError(error);
            reply(res, { status: (error as { status?: number }).status ?? 500, body: "error page" });
          }
        }),
      ),
  },
  {
    name: "http2",
    start: async (sessions, application, onError = () => {}) => {
      const listener = withNodeSession<Data, Http2ServerRequest, Http2ServerResponse>(
        sessions,
        async (req, res, session) => reply(res, await application(session, pathOf(req.url))),
        { onError },
      );
      const server: Http2Server = createHttp2Server(listener);
      const port = await listen(server);
      return { send: overHttp2(port), port: undefined, close: () => void server.close() };
    },
  },
  {
    name: "express",
    start: (sessions, application, onError) => running(expressServer(sessions, application, onError)),
  },
  {
    name: "docs, fetch-like",
    start: async (sessions, application, onError) => {
      const middleware = fetchLike.session(sessions, onError && { onError });
      return {
        send: byRuntime((request) => {
          const context: fetchLike.Context = { request };
          const last = async (): Promise<Response> =>
            asResponse(await application(fetchLike.getSession(sessions, context), pathOf(request.url)));
          return middleware(context, last);
        }),
        port: undefined,
        close: () => {},
      };
    },
  },
  {
    name: "docs, node-like",
    start: (sessions, application, onError = () => {}) => {
      const handler = nodeLike.session(sessions, { onError })(async (req, res) =>
        reply(res, await application(nodeLike.getSession(sessions, req), pathOf(req.url ?? "/"))),
      );
      return running(
        createServer(async (req, res) => {
          try {
            await handler(req, res);
          } catch (error) {
            reply(res, { status: (error as { status?: number }).status ?? 500, body: "error page" });
          }
        }),
      );
    },
  },
  {
    name: "koa, on node",
    start: (sessions, application, onError) => running(koaServer(sessions, application, onError)),
  },
  {
    name: "fastify, on node",
    start: fastifyServer,
  },
  {
    name: "hono, app.request",
    start: async (sessions, application, onError) => {
      const app = honoApp(sessions, application, onError);
      return { send: async (request) => app.request(request), port: undefined, close: () => {} };
    },
  },
  {
    name: "hono, node-server",
    start: (sessions, application, onError) =>
      running(createServer(getRequestListener(honoApp(sessions, application, onError).fetch))),
  },
];
