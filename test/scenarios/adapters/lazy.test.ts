/** Adapters that open a session when it is first used: until then, no call of the store. */
import { createServer } from "node:http";
import express, { type ErrorRequestHandler } from "express";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expressSession } from "../../../src/adapters/express.ts";
import { withLazySession } from "../../../src/adapters/fetch.ts";
import { honoSession } from "../../../src/adapters/hono.ts";
import { type AllSessions, createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { listen, overHttp } from "../../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
let closing: (() => void)[];

beforeEach(() => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
  closing = [];
});

afterEach(async () => {
  for (const close of closing) close();
  store.restore();
  await sessions.close();
});

/** What the application does on a path, with a request that stands for the client's. */
async function application(path: string, request: object): Promise<string> {
  if (path === "/about") return "about";
  const session = await sessions.open(request as Request);
  if (path === "/login") await session.login("ann");
  if (path === "/count") session.data.count = (session.data.count ?? 0) + 1;
  if (path === "/fail") throw new Error("the application failed");
  return `${session.userId} ${session.data.count}`;
}

const adapters = {
  fetch: async () =>
    withLazySession(sessions, async (open, request) => {
      const { pathname } = new URL(request.url);
      const text = await application(pathname, request);
      if (pathname !== "/about") expect(await open()).toBe(await sessions.open(request));
      return new Response(text);
    }),
  hono: async () => {
    const app = new Hono();
    app.use(honoSession(sessions, { lazy: true }) as never);
    app.all("*", async (c) => c.text(await application(c.req.path, c.req.raw)));
    return async (request: Request) => app.request(request);
  },
  express: async () => {
    const app = express();
    app.use(expressSession(sessions, { lazy: true }));
    app.use(async (req, res) => void res.send(await application(req.path, req)));
    app.use(((error, _req, res, _next) => void res.status(error.status ?? 500).send("page")) as ErrorRequestHandler);
    const server = createServer(app);
    closing.push(() => server.close());
    return overHttp(await listen(server));
  },
};

describe.each(Object.entries(adapters))("%s", (_name, start) => {
  let client: Client;
  const text = async (path: string, init?: RequestInit): Promise<string> => (await client.fetch(path, init)).text();
  const quiet = (): Promise<Response> => client.fetch("/about").catch(() => new Response());

  beforeEach(async () => {
    client = new Client(await start());
  });

  it("makes no call of the store where nobody asks, and saves where somebody does", async () => {
    expect(await text("/count")).toBe("undefined 1");
    store.resetCalls();
    const answer = await quiet();
    expect([await answer.text(), store.total, answer.headers.get("vary")]).toEqual(["about", 0, null]);
    expect([await text("/count"), store.total]).toEqual(["undefined 2", 2]);
  });

  it("answers from a store that is down what needs none of it, and 503 the rest", async () => {
    await client.fetch("/count");
    store.fail("get");
    expect((await quiet()).status).toBe(200);
    expect((await client.fetch("/count")).status).toBe(503);
  });

  it("checks where requests come from that change something, as ever", async () => {
    const login = (site: string): Promise<Response> =>
      client.fetch("/login", { method: "POST", headers: { "sec-fetch-site": site } });
    expect([(await login("cross-site")).status, (await login("same-origin")).status]).toEqual([403, 200]);
    expect(await text("/")).toBe("ann undefined");
  });

  it("saves nothing of a request that failed", async () => {
    await client.fetch("/count");
    await client.fetch("/fail").catch(() => undefined);
    expect(await text("/")).toBe("undefined 1");
  });
});

it("gives those who ask too late a session that they can only read", async () => {
  let late: Promise<unknown> | undefined;
  const handler = withLazySession(sessions, (open) => {
    late = new Promise((resolve) => setImmediate(resolve)).then(async () => (await open()).login("ann"));
    return new Response();
  });
  await handler(new Request("https://app.example/"));
  await expect(late).rejects.toMatchObject({ code: "SOJOURN_READ_ONLY" });
});

it("hands a session that was opened on to a handler within", async () => {
  const inner = (request: Request): Promise<Response> =>
    sessions.handle(request, (session) => {
      session.data.count = 2;
      return new Response();
    });
  const handler = withLazySession(sessions, async (open, request) => {
    const session = await open();
    const answer = await inner(request);
    session.data.other = 1;
    return answer;
  });
  const answer = await handler(new Request("https://app.example/"));
  expect([answer.headers.getSetCookie().length, store.calls.create]).toEqual([1, 1]);
});
