/** The plugin around an application of the real h3 1, which Nuxt 4 is built on; Nitro's own requests are given their mark. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp, createError, createEvent, defineEventHandler, readBody, sendRedirect, toNodeListener } from "h3";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { getSession, type NuxtEvent, nuxtSession } from "../../../src/adapters/nuxt.ts";
import { createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { instrumentedStore } from "../../../src/testing/index.ts";

interface Data {
  count?: number;
  inner?: number;
}

const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const store = instrumentedStore(memoryStore());
const sessions = createSessions<Data>({ secrets, store: store.store, cookie: { name: "session", insecure: true } });
afterEach(() => store.restore());

type Page = (session: Session<Data>, event: NuxtEvent) => unknown;

async function site(pages: Record<string, Page>) {
  const app = createApp();
  for (const [path, page] of Object.entries(pages))
    app.use(
      path,
      defineEventHandler((event) => page(getSession(sessions, event), event)),
    );
  nuxtSession(sessions, { body: (event) => readBody(event as never), onError: () => {} })({ h3App: app });
  const server = createServer(toNodeListener(app)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let cookie = "";
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { "sec-fetch-site": "same-origin", cookie, ...init.headers };
    const answer = await fetch(url + path, { redirect: "manual", ...init, headers });
    for (const line of answer.headers.getSetCookie()) cookie = line.split(";")[0] ?? "";
    return answer;
  };
  return { ask, app };
}

const login: Page = async (session, event) => {
  await session.login("ann");
  return sendRedirect(event as never, "/me", 303);
};
const me: Page = (session) => ({ user: session.userId ?? null, ...session.data });

describe("nuxtSession()", () => {
  it("keeps a login that leaves by sendRedirect, and what a handler changed", async () => {
    const { ask } = await site({
      "/login": login,
      "/count": (session) => {
        session.data.count = (session.data.count ?? 0) + 1;
        return null;
      },
      "/me": me,
    });
    const answer = await ask("/login", { method: "POST" });
    expect([answer.status, answer.headers.getSetCookie().length]).toEqual([303, 1]);
    expect((await ask("/count")).status).toBe(204);
    expect(await (await ask("/me")).json()).toEqual({ user: "ann", count: 1 });
  });

  it("saves nothing of what failed, but for the login that has taken effect", async () => {
    const { ask } = await site({
      "/fail": async (session) => {
        await session.login("ann");
        session.data.count = 99;
        throw createError({ statusCode: 500, message: "no" });
      },
      "/me": me,
    });
    expect((await ask("/fail", { method: "POST" })).status).toBe(500);
    expect(await (await ask("/me")).json()).toEqual({ user: "ann" });
  });

  it("refuses cross-site requests with 403, takes a form's token from the body, and answers 503 while the store is down", async () => {
    const { ask } = await site({
      "/login": login,
      "/token": async (session) => ({ csrf: await session.csrfToken() }),
      "/me": me,
    });
    await ask("/login", { method: "POST" });
    const foreign = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
    expect((await ask("/me", foreign)).status).toBe(403);
    const { csrf } = (await (await ask("/token")).json()) as { csrf: string };
    const form = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "" };
    expect((await ask("/me", { method: "POST", headers: form, body: "csrf=x" })).status).toBe(403);
    expect((await ask("/me", { method: "POST", headers: form, body: new URLSearchParams({ csrf }) })).status).toBe(200);
    store.fail("get");
    expect((await ask("/me")).status).toBe(503);
  });

  it("shares the session of a page with the requests that its rendering makes", async () => {
    const { ask, app } = await site({
      "/page": async (session, { context, node: { req, res } }) => {
        const inner = createEvent(
          Object.assign(Object.create(req), { url: "/inner", __unenv__: { ...context } }),
          res as ServerResponse,
        );
        await app.handler(inner);
        return me(session, inner as never);
      },
      "/inner": (session, event) => {
        session.data.inner = 1;
        Object.assign(event, { _handled: true });
      },
      "/me": me,
    });
    expect(await (await ask("/page")).json()).toEqual({ user: null, inner: 1 });
    expect(await (await ask("/me")).json()).toEqual({ user: null, inner: 1 });
  });
});
