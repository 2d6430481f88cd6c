/** What is Koa's own: error middleware further out, `ctx.respond = false`, mounting twice, forms behind a parser. */
import { createServer } from "node:http";
import Koa from "koa";
import { afterEach, beforeEach, expect, it } from "vitest";
import { koaCsrf, koaSession, type SessionContext } from "../../../src/adapters/koa.ts";
import { type AllSessions, createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type InstrumentedStore, instrumentedStore } from "../../../src/testing/index.ts";
import type { Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { listen, overHttp } from "../../support/sockets.ts";

const SECRET = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";

let store: InstrumentedStore<ReturnType<typeof memoryStore>>;
let sessions: AllSessions<Data>;
let app: Koa<Koa.DefaultState, SessionContext<Data>>;
let close: () => void;

beforeEach(() => {
  store = instrumentedStore(memoryStore());
  sessions = createSessions<Data>({ secrets: SECRET, store: store.store });
  app = new Koa();
  app.silent = true;
});

afterEach(async () => {
  close();
  store.restore();
  await sessions.close();
});

async function serve(): Promise<Client> {
  const server = createServer(app.callback());
  const port = await listen(server);
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  return new Client(overHttp(port));
}

it("saves by the status that error middleware further out decides on", async () => {
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch {
      ctx.status = ctx.path === "/mended" ? 200 : 500;
      ctx.body = "outer";
    }
  });
  app.use(koaSession(sessions));
  app.use(async (ctx) => {
    if (ctx.path === "/read") {
      ctx.body = `${ctx.session.userId} ${ctx.session.data.count}`;
      return;
    }
    ctx.session.data.count = (ctx.session.data.count ?? 0) + 1;
    if (ctx.path === "/login") await ctx.session.login("ann");
    throw new Error("no");
  });
  const client = await serve();
  const statuses = [];
  for (const path of ["/mended", "/failed", "/login"]) statuses.push((await client.fetch(path)).status);
  expect(statuses).toEqual([200, 500, 500]);
  expect(await (await client.fetch("/read")).text()).toBe("ann 2");
});

it("saves what is answered without Koa", async () => {
  app.use(koaSession(sessions));
  app.use((ctx) => {
    ctx.session.data.count = 1;
    ctx.respond = false;
    ctx.res.end("raw");
  });
  const answer = await (await serve()).fetch();
  expect([await answer.text(), answer.headers.getSetCookie().length, store.calls.create]).toEqual(["raw", 1, 1]);
});

it("mounted twice is one session and one cookie", async () => {
  app.use(koaSession(sessions));
  app.use(async (ctx, next) => {
    const { session } = ctx;
    await koaSession(sessions)(ctx, next);
    expect(ctx.session).toBe(session);
  });
  app.use(async (ctx) => {
    ctx.session.data.count = 1;
    ctx.body = String((await sessions.open(ctx.req)) === ctx.session);
  });
  const answer = await (await serve()).fetch();
  expect([await answer.text(), answer.headers.getSetCookie().length]).toEqual(["true", 1]);
});

it("gives refusals and failed commits to Koa's own error page", async () => {
  app.use(koaSession(sessions, { onError: () => {} }));
  app.use((ctx) => {
    ctx.session.data.bad = () => {};
    ctx.body = "secret";
  });
  const client = await serve();
  const foreign = await client.fetch("/", { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
  expect([foreign.status, await foreign.text(), foreign.headers.get("cache-control")]).toEqual([
    403,
    "Forbidden",
    "no-store",
  ]);
  const unsaved = await client.fetch();
  expect([unsaved.status, await unsaved.text()]).toEqual([500, "Internal Server Error"]);
});

it("finds a token in the parsed body by koaCsrf, which says what is missing before it", async () => {
  app.use(async (ctx, next) => {
    if (ctx.path === "/early") await koaCsrf(sessions)(ctx, next);
    else await next();
  });
  app.use(koaSession(sessions, { csrf: false }));
  app.use(async (ctx, next) => {
    let text = "";
    for await (const chunk of ctx.req) text += chunk;
    Object.assign(ctx.request, { body: Object.fromEntries(new URLSearchParams(text)) });
    await next();
  });
  app.use(koaCsrf(sessions));
  app.use(async (ctx) => {
    ctx.body = await ctx.session.csrfToken();
  });
  const client = await serve();
  const token = await (await client.fetch()).text();
  const post = async (csrf: string): Promise<number> => {
    const init = { method: "POST", body: new URLSearchParams({ csrf }), headers: { cookie: await client.cookies() } };
    return (await client.send("/", { ...init, headers: { ...init.headers, "sec-fetch-site": "" } })).status;
  };
  expect([await post(token), await post("wrong"), (await client.fetch("/early")).status]).toEqual([200, 403, 500]);
});
