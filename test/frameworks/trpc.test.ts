/** Sojourn for tRPC: the real server and client, over Fetch, Node, Express, Fastify and a WebSocket. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpBatchStreamLink,
  type TRPCLink,
  wsLink,
} from "@trpc/client";
import { initTRPC, TRPCError } from "@trpc/server";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import { fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import express from "express";
import Fastify from "fastify";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { expressSession } from "../../src/adapters/express.ts";
import { fastifySession } from "../../src/adapters/fastify.ts";
import { withSession as withFetchSession } from "../../src/adapters/fetch.ts";
import { withSession } from "../../src/adapters/node.ts";
import { type SessionContext, sessionContext, sessionMiddleware } from "../../src/adapters/trpc.ts";
import { type AllSessions, createSessions, type Session } from "../../src/index.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../src/testing/index.ts";
import type { Data } from "../support/adapters.ts";
import { Client, gate } from "../support/client.ts";
import { listen, overHttp } from "../support/sockets.ts";
import { SECRET } from "../support/visitor.ts";

const t = initTRPC.context<SessionContext<Data>>().create();
const procedure = t.procedure.use(sessionMiddleware);
let waiting = gate();

function isCommitted(session: Session<Data>): boolean {
  try {
    session.discard();
    return false;
  } catch {
    return true;
  }
}

const router = t.router({
  me: procedure.query(({ ctx }) => ctx.session.userId ?? null),
  data: procedure.query(({ ctx }) => ({ ...ctx.session.data })),
  count: procedure.mutation(({ ctx }) => ctx.session.update("count", (n = 0) => n + 1)),
  put: procedure
    .input((given) => String(given))
    .mutation(({ ctx, input }) => {
      ctx.session.data[input] = true;
    }),
  /** Changes what is there and adds to it, and fails when the others are done. */
  fail: procedure.mutation(async ({ ctx }) => {
    ctx.session.data.failed = true;
    (ctx.session.data.list as string[] | undefined)?.push("failed");
    await waiting.pass();
    throw new TRPCError({ code: "BAD_REQUEST" });
  }),
  push: procedure.mutation(({ ctx }) => {
    ctx.session.data.list = ["kept"];
    waiting.open();
  }),
  login: procedure.mutation(async ({ ctx }) => {
    await ctx.session.login("ann");
    expectTypeOf(ctx.session.data).toEqualTypeOf<Data>();
  }),
  /** When the head of the answer has gone. */
  lateLogin: t.procedure
    .use(({ ctx, next }) => next({ ctx: { whole: ctx.session } }))
    .use(sessionMiddleware)
    .mutation(async ({ ctx }) => {
      await expect.poll(() => isCommitted(ctx.whole)).toBe(true);
      await ctx.session.login("ann");
    }),
  logout: procedure.mutation(({ ctx }) => ctx.session.logout()),
  loginAndFail: procedure.mutation(async ({ ctx }) => {
    await ctx.session.login("ann");
    ctx.session.data.failed = true;
    throw new Error("no");
  }),
  fresh: procedure.query(({ ctx }) => ctx.session.requireFresh("1m")),
  unserialisable: procedure.mutation(({ ctx }) => {
    ctx.session.data.bad = () => {};
  }),
  counting: procedure.subscription(async function* ({ ctx }) {
    yield ctx.session.userId ?? "nobody";
  }),
});
type Router = typeof router;

interface Served {
  readonly send: (request: Request) => Promise<Response>;
  close(): void;
}

async function served(server: Server): Promise<Served> {
  const port = await listen(server);
  return { send: overHttp(port), close: () => void server.close() };
}

const ways: Record<string, (sessions: AllSessions<Data>) => Promise<Served>> = {
  "the Fetch adapter in withSession": async (sessions) => {
    const send = withFetchSession(sessions, (_session, req) =>
      fetchRequestHandler({ endpoint: "/trpc", req, router, createContext: sessionContext(sessions) }),
    );
    return { send: (request) => send(request), close: () => {} };
  },
  "the standalone adapter in withSession": (sessions) => {
    const handler = createHTTPHandler({ router, basePath: "/trpc/", createContext: sessionContext(sessions) });
    return served(createServer(withSession(sessions, handler)));
  },
  Express: (sessions) => {
    const app = express();
    app.use(expressSession(sessions));
    app.use("/trpc", createExpressMiddleware({ router, createContext: sessionContext(sessions) }));
    return served(createServer(app));
  },
  Fastify: async (sessions) => {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(fastifySession(sessions));
    await app.register(fastifyTRPCPlugin, {
      prefix: "/trpc",
      trpcOptions: { router, createContext: sessionContext(sessions) },
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as AddressInfo;
    return { send: overHttp(port), close: () => void app.close() };
  },
};

describe.each(Object.entries(ways))("tRPC, %s", (_name, serve) => {
  let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
  let sessions: AllSessions<Data>;
  let server: Served;
  let browser: Client;
  let answers: Response[];

  beforeEach(async () => {
    waiting = gate();
    store = instrumentedStore(memoryStore());
    sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
    server = await serve(sessions);
    browser = new Client(server.send);
    answers = [];
  });
  afterEach(async () => {
    server.close();
    await sessions.close();
  });

  const fetched: typeof fetch = async (url, init) => {
    const answer = await browser.fetch(String(url).replace(/^https?:\/\/[^/]+/, ""), init);
    answers.push(answer);
    return answer;
  };
  const client = (link: typeof httpBatchLink | typeof httpBatchStreamLink = httpBatchLink) =>
    createTRPCClient<Router>({
      links: [(link as typeof httpBatchLink)({ url: "https://app.example/trpc", fetch: fetched as never })],
    });

  it("saves a batch once, and hands out one cookie", async () => {
    const api = client();
    expect(await Promise.all([api.put.mutate("a"), api.put.mutate("b"), api.me.query()])).toMatchObject([
      undefined,
      undefined,
      null,
    ]);
    expect(answers.flatMap((answer) => answer.headers.getSetCookie())).toHaveLength(1);
    expect([await api.data.query(), store.calls.create]).toEqual([{ a: true, b: true }, 1]);
  });

  it("keeps nothing of the data of a failing procedure, and everything of the others in its batch", async () => {
    const api = client();
    await api.put.mutate("before");
    const outcomes = await Promise.allSettled([api.fail.mutate(), api.push.mutate(), api.put.mutate("after")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(await api.data.query()).toEqual({ before: true, list: ["kept"], after: true });
    waiting.open();
    await expect(api.fail.mutate()).rejects.toMatchObject({ data: { httpStatus: 400 } });
    expect(await api.data.query()).toEqual({ before: true, list: ["kept"], after: true });
  });

  it("counts exactly in one batch, beside what others change", async () => {
    const api = client();
    await api.put.mutate("a");
    const counts = await Promise.all([api.count.mutate(), api.put.mutate("b"), api.count.mutate(), api.count.mutate()]);
    expect(counts.filter((each) => each !== undefined).sort()).toEqual([1, 2, 3]);
    expect(await api.data.query()).toEqual({ a: true, b: true, count: 3 });
  });

  it("tells the client of a login whose procedure failed after it, and gives up its data", async () => {
    const api = client();
    await api.put.mutate("a");
    await Promise.allSettled([api.loginAndFail.mutate(), api.put.mutate("b")]);
    expect([await api.me.query(), await api.data.query()]).toEqual(["ann", { a: true, b: true }]);
    await api.logout.mutate();
    expect([await api.me.query(), await api.data.query()]).toEqual([null, {}]);
  });

  it("answers errors of ours by their code, and shows no message of theirs", async () => {
    const api = client();
    await expect(api.fresh.query()).rejects.toMatchObject({
      message: "SOJOURN_NOT_AUTHENTICATED",
      data: { code: "UNAUTHORIZED", httpStatus: 401 },
    });
    await api.put.mutate("a");
    await expect(api.unserialisable.mutate()).rejects.toMatchObject({
      message: "SOJOURN_DATA_NOT_SERIALISABLE",
      data: { code: "INTERNAL_SERVER_ERROR" },
    });
    store.fail("update");
    await expect(api.count.mutate()).rejects.toMatchObject({ data: { httpStatus: 503 } });
    store.restore();
    expect(await api.data.query()).toEqual({ a: true });
  });

  it("refuses what comes from another site", async () => {
    await client().put.mutate("a");
    const answer = await browser.fetch("/trpc/put", { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
    expect(answer.status).toBe(403);
  });

  it("says of a stream what comes too late, and goes on updating", async () => {
    const api = client(httpBatchStreamLink);
    await client().put.mutate("a");
    await expect(api.lateLogin.mutate()).rejects.toMatchObject({ message: "SOJOURN_COMMITTED" });
    expect(await api.count.mutate()).toBe(1);
    expect([await api.me.query(), await api.data.query()]).toEqual([null, { a: true, count: 1 }]);
  });
});

describe("tRPC over a WebSocket", () => {
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
  });

  async function start() {
    const sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore() });
    const server = createServer(
      withSession(sessions, async (_req, res, session) => {
        await session.login("ann");
        res.end();
      }),
    );
    const sockets = new WebSocketServer({ server });
    applyWSSHandler({ wss: sockets, router, createContext: sessionContext(sessions) });
    const port = await listen(server);
    open.push(server, sockets);
    const browser = new Client(overHttp(port));
    await browser.fetch("/login", { method: "POST" });
    const connect = (origin: string, cookie: string) => {
      class FromPage extends WebSocket {
        constructor(address: string) {
          super(address, { headers: { origin, cookie, host: "app.example" } });
        }
      }
      const socket = createWSClient({
        url: `ws://127.0.0.1:${port}`,
        WebSocket: FromPage as unknown as typeof globalThis.WebSocket,
        onClose: (cause) => void closed.push(cause?.code),
        retryDelayMs: () => 60_000,
      });
      const closed: (number | undefined)[] = [];
      open.push({ close: () => void socket.close() });
      const links: TRPCLink<Router>[] = [wsLink({ client: socket })];
      return { api: createTRPCClient<Router>({ links }), closed };
    };
    return { sessions, connect, cookie: await browser.cookies() };
  }

  it("lets its own page in, reads the session again for each call, and closes when it ends", async () => {
    const { sessions, connect, cookie } = await start();
    const { api, closed } = connect("https://app.example", cookie);
    expect([await api.me.query(), await api.count.mutate(), await api.count.mutate()]).toEqual(["ann", 1, 2]);
    await expect(api.put.mutate("a")).rejects.toMatchObject({ message: "SOJOURN_READ_ONLY" });
    const [device] = (await sessions.list("ann")).items;
    await (await sessions.get(device?.id ?? ""))?.update("elsewhere", () => true);
    expect(await api.data.query()).toEqual({ count: 2, elsewhere: true });
    await sessions.revokeUser("ann");
    await expect.poll(() => closed).toEqual([4401]);
  });

  it("refuses a foreign page's handshake", async () => {
    const { connect, cookie } = await start();
    const { api, closed } = connect("https://evil.example", cookie);
    void api.me.query().catch(() => {});
    await expect.poll(() => closed.length).toBeGreaterThan(0);
  });
});

it("throws where nobody has opened a session that would be saved", async () => {
  const sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore() });
  await expect(sessionContext(sessions)({ req: new Request("https://app.example/") })).rejects.toMatchObject({
    code: "SOJOURN_UNSUPPORTED",
  });
});
