/** The names that nuxt-auth-utils made customary, over handlers of the real h3 1 and over the composable's state. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createApp, defineEventHandler, toNodeListener } from "h3";
import { describe, expect, it, onTestFinished } from "vitest";
import { getSession, type NuxtEvent, nuxtSession, userSession } from "../../../src/adapters/nuxt.ts";
import { nuxtUserSession } from "../../../src/client/hooks.ts";
import { createSessions } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";

interface Data {
  user?: { id?: string | number; name?: string; roles?: string[]; mail?: string };
  secure?: { token: string };
  cart?: { apples?: number; pears?: number };
}

const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
const sessions = createSessions<Data>({ secrets, store: memoryStore(), cookie: { name: "session", insecure: true } });
const utilities = userSession(sessions);
const { getUserSession, replaceUserSession, requireUserSession, setUserSession } = utilities;

/** A browser, and an application that does what it is told. */
async function browser(made = utilities) {
  const app = createApp();
  let handler: (event: NuxtEvent) => unknown = () => null;
  app.use("/api/_auth/session", defineEventHandler(made.userSessionHandler));
  app.use(
    "/",
    defineEventHandler((event) => handler(event)),
  );
  nuxtSession(sessions, { except: ["/open"] })({ h3App: app });
  const server = createServer(toNodeListener(app)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jar = { cookie: "" };
  const ask = async (path: string, method = "GET"): Promise<Response> => {
    const headers = { "sec-fetch-site": "same-origin", cookie: jar.cookie, accept: "application/json" };
    const answer = await fetch(url + path, { method, headers });
    for (const line of answer.headers.getSetCookie()) jar.cookie = line.split(";")[0] ?? "";
    return answer;
  };
  const run = async (does: (event: NuxtEvent) => unknown, path = "/"): Promise<unknown> => {
    handler = does;
    const answer = await ask(path, "POST");
    const body: unknown = await answer.json();
    return answer.ok ? body : { status: answer.status, ...(body as object) };
  };
  return { ask, jar, run };
}

describe("setUserSession()", () => {
  it("logs the user in, with a new id, and keeps what somebody put into the cart before", async () => {
    const { jar, run } = await browser();
    await run((event) => setUserSession(event, { cart: { apples: 1 } }));
    const before = jar.cookie;
    await run((event) => setUserSession(event, { user: { id: 7, name: "Ann" } }));
    expect(jar.cookie).not.toBe(before);
    expect(await run(getUserSession)).toMatchObject({ user: { id: 7, name: "Ann" }, cart: { apples: 1 } });
    expect((await sessions.list("7")).items).toHaveLength(1);
  });

  it("merges objects, puts arrays in the place of what was there, and keeps the id for the same user", async () => {
    const { jar, run } = await browser();
    await run((event) => setUserSession(event, { user: { id: "ann", name: "Ann", roles: ["a"] }, cart: { pears: 2 } }));
    const { cookie } = jar;
    await run((event) => setUserSession(event, { user: { id: "ann", roles: ["b"] }, cart: { apples: 1 } }));
    await run((event) => setUserSession(event, { user: { name: "Anne" } }));
    expect(jar.cookie).toBe(cookie);
    const user = { id: "ann", name: "Anne", roles: ["b"] };
    expect(await run(getUserSession)).toMatchObject({ user, cart: { apples: 1, pears: 2 } });
  });

  it("gives another user nothing of the one before", async () => {
    const { run } = await browser();
    await run((event) => setUserSession(event, { user: { id: "ann", mail: "ann@site.example" }, cart: { apples: 1 } }));
    await run((event) => setUserSession(event, { user: { id: "ben" } }));
    const { id: _, ...known } = (await run(getUserSession)) as Record<string, unknown>;
    expect(known).toEqual({ user: { id: "ben" } });
  });

  it("refuses a user whose id is not known, and takes it from where it is told", async () => {
    const { run } = await browser();
    const refused = await run((event) =>
      setUserSession(event, { user: { mail: "a@x" } }).catch(({ code }) => ({ code })),
    );
    expect(refused).toEqual({ code: "SOJOURN_INVALID_OPTION" });
    const byMail = userSession(sessions, { userId: ({ mail }) => mail });
    await run((event) => byMail.setUserSession(event, { user: { mail: "by@mail.example" } }));
    expect((await sessions.list("by@mail.example")).items).toHaveLength(1);
  });

  it("sets no prototype by what a body of JSON may hold", async () => {
    const { run } = await browser();
    const hostile = JSON.parse('{"__proto__":{"admin":true},"cart":{"__proto__":{"admin":true},"apples":1}}') as Data;
    const known = await run((event) => setUserSession(event, hostile));
    expect(JSON.stringify(known)).not.toContain("admin");
    expect(Object.prototype).not.toHaveProperty("admin");
  });
});

it("replaceUserSession() keeps nothing of before, and logs out who is not named again", async () => {
  const { run } = await browser();
  await run((event) => setUserSession(event, { user: { id: "ann", name: "Ann" }, cart: { apples: 1 } }));
  await run((event) => replaceUserSession(event, { user: { id: "ann" } }));
  expect(await run(getUserSession)).toEqual({ user: { id: "ann" }, id: expect.any(String) });
  await run((event) => replaceUserSession(event, { cart: { pears: 1 } }));
  expect(await run(getUserSession)).toEqual({ cart: { pears: 1 }, id: expect.any(String) });
});

it("requireUserSession() answers 401, or what is asked for, while nobody is logged in", async () => {
  const { run } = await browser();
  expect(await run(requireUserSession)).toMatchObject({ status: 401, statusMessage: "Unauthorized" });
  const other = { statusCode: 403, message: "Members only" };
  expect(await run((event) => requireUserSession(event, other))).toMatchObject({
    status: 403,
    statusMessage: "Members only",
  });
  await run((event) => getSession(sessions, event).login("ann"));
  expect(await run(requireUserSession)).toMatchObject({ user: { id: "ann" } });
});

it("shows a page all but what is secure, and lets hooks add to it, or refuse", async () => {
  const made = userSession(sessions);
  const { ask, run } = await browser(made);
  await run((event) => made.setUserSession(event, { user: { id: "ann" }, secure: { token: "t" } }));
  const heard: unknown[] = [];
  made.sessionHooks.hook("fetch", (session) => Object.assign(session, { plan: "gold" }));
  made.sessionHooks.hook("clear", ({ user }) => heard.push(user));
  const shown = (await (await ask("/api/_auth/session")).json()) as object;
  expect(shown).toEqual({ user: { id: "ann" }, plan: "gold", id: expect.any(String) });
  expect((await ask("/api/_auth/session", "POST")).status).toBe(405);
  expect(await (await ask("/api/_auth/session", "DELETE")).json()).toEqual({ loggedOut: true });
  expect(heard).toEqual([{ id: "ann" }]);
  expect((await sessions.list("ann")).items.filter(({ id }) => "id" in shown && id === shown.id)).toEqual([]);
});

it("answers the excepted paths without a session", async () => {
  const { run } = await browser();
  const code = (event: NuxtEvent): unknown => getUserSession(event).catch((error: { code: string }) => [error.code]);
  expect(await run(code, "/open?csrf=1")).toEqual(["SOJOURN_UNSUPPORTED"]);
  expect(await run(code, "/opened")).toMatchObject({ id: expect.any(String) });
});

describe("nuxtUserSession()", () => {
  it("asks when it is told, clears, and changes nothing when the server does not answer", async () => {
    const { ask, run } = await browser();
    await run((event) => setUserSession(event, { user: { id: "ann" } }));
    let down = false;
    const state = new Map<string, { value: unknown }>();
    const useUserSession = () =>
      nuxtUserSession<{ user?: { id: string } }>({
        useState: <T>(key: string, init: () => T) => {
          const ref = state.get(key) ?? { value: init() };
          state.set(key, ref);
          return ref as { value: T };
        },
        computed: (get) => ({
          get value() {
            return get();
          },
        }),
        useRequestFetch:
          () =>
          async (path, { method } = { method: "GET" as never }) => {
            if (down) throw new Error("503");
            return (await ask(path, method)).json();
          },
      });
    const { fetch } = useUserSession();
    const { clear, loggedIn, ready, user } = useUserSession();
    expect([ready.value, loggedIn.value, user.value]).toEqual([false, false, null]);
    await fetch();
    expect([ready.value, loggedIn.value, user.value]).toEqual([true, true, { id: "ann" }]);
    down = true;
    await expect(fetch()).rejects.toThrow("503");
    await expect(clear()).rejects.toThrow("503");
    expect(loggedIn.value).toBe(true);
    down = false;
    await clear();
    await fetch();
    expect([loggedIn.value, user.value]).toEqual([false, null]);
  });
});
