/** express-session and Express as they are, over sockets, with a store of ours behind. */
import session from "express-session";
import { describe, expect, it } from "vitest";
import { fromExpressStore, toExpressStore } from "../../../src/stores/express-session.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { keyOf, start, stored } from "./express-session-site.ts";

describe("toExpressStore()", () => {
  it("keeps a session from one request to the next", async () => {
    const { browser } = await start();
    expect(await browser.get("/")).toMatchObject({ text: "{}", setCookie: false });
    expect((await browser.get("/set/n1?to=7")).setCookie).toBe(true);
    expect(await browser.get("/")).toMatchObject({ text: '{"n1":7}', setCookie: false });
  });

  it("stores nothing for a request that put nothing in", async () => {
    const { browser, instrument } = await start();
    await browser.get("/");
    expect(instrument.total).toBe(0);
  });

  it("stores the hash of the id, and the id nowhere", async () => {
    const { browser, inner } = await start();
    await browser.get("/set/n1");
    const record = await inner.get(keyOf(browser.sid));
    expect(JSON.parse(record?.payload ?? "")).toMatchObject({ n1: 1, cookie: { path: "/", httpOnly: true } });
    expect(await inner.get(browser.sid)).toBeNull();
    expect(JSON.stringify(record)).not.toContain(browser.sid);
  });

  it("is an instance of the module's class", async () => {
    const { store } = await start();
    expect(store).toBeInstanceOf(session.Store);
    const plain: session.Store = store;
    expect(typeof plain.regenerate).toBe("function");
  });

  it("destroys what a request takes away, with unset: destroy", async () => {
    const { browser, inner } = await start({ unset: "destroy" });
    await browser.get("/set/n1");
    await browser.get("/null");
    expect(await stored(inner, browser.sid)).toBeNull();
  });

  it("stores new sessions that nobody put anything into, with saveUninitialized", async () => {
    const { browser, inner } = await start({ saveUninitialized: true, resave: true });
    expect((await browser.get("/")).setCookie).toBe(true);
    expect(Object.keys((await stored(inner, browser.sid)) ?? {})).toEqual(["cookie"]);
  });

  it("keeps the properties that two requests of the same moment set", async () => {
    const { browser, slow } = await start();
    await browser.get("/set/n0");
    const late = browser.get("/slow/n1");
    await slow.arrived;
    await browser.get("/set/n2");
    await browser.get("/unset/n0");
    slow.open();
    await late;
    expect((await browser.get("/")).text).toBe('{"n2":1,"n1":1}');
  });

  it("keeps the properties of 30 requests at once", async () => {
    const { browser } = await start();
    await browser.get("/set/n0");
    await Promise.all(Array.from({ length: 30 }, (_, index) => browser.get(`/set/n${index + 1}`)));
    expect(Object.keys(JSON.parse((await browser.get("/")).text))).toHaveLength(31);
  });

  it("lets one request save, save again and reload", async () => {
    const { browser } = await start();
    await browser.get("/twice");
    expect(JSON.parse((await browser.get("/")).text)).toEqual({ n1: 1, n2: 2, n4: 4 });
  });

  it("stores with a second save what changed since the first, and nothing else", async () => {
    const { browser, store, inner } = await start();
    await browser.get("/set/n1?to=1");
    const save = (made: session.Session): Promise<unknown> => new Promise((resolve) => made.save(resolve));
    const load = (): Promise<session.Session & session.SessionData> =>
      new Promise((resolve) => store.load(browser.sid, (_error, made) => resolve(made as never)));
    const made = await load();
    made.n1 = 2;
    await save(made);
    await browser.get("/set/n1?to=3");
    made.n2 = 4;
    await save(made);
    expect(await stored(inner, browser.sid)).toMatchObject({ n1: 3, n2: 4 });
  });

  it("says so when the data cannot be written", async () => {
    const { store, inner } = await start();
    const data = { cookie: new session.Cookie(), big: 1n };
    const error = await new Promise((resolve) => store.set("x", data, resolve));
    expect(error).toMatchObject({ code: "SOJOURN_DATA_NOT_SERIALISABLE", status: 500 });
    expect(await stored(inner, "x")).toBeNull();
  });

  it("keeps properties with the names of an object's own machinery", async () => {
    const { store } = await start();
    const cookie = new session.Cookie();
    const data = JSON.parse('{"constructor":{"a":1},"__proto__":{"admin":true},"1":"one"}') as object;
    await new Promise((resolve) => store.set("x", Object.assign(Object.create(null), data, { cookie }), resolve));
    const found = await new Promise<session.SessionData | null | undefined>((resolve) => {
      store.get("x", (_error, sess) => resolve(sess));
    });
    expect(Object.keys(found ?? {}).sort()).toContain("constructor");
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe("the whole store of toExpressStore()", () => {
  const ask = <T>(run: (done: (error: unknown, result?: T | null) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result as T))));

  it("can be listed, counted and cleared", async () => {
    const { another, store } = await start();
    for (let index = 0; index < 3; index++) await another().get(`/set/n${index}`);
    const found = await ask<session.SessionData[]>((done) => store.all?.(done as never));
    expect(found.map(({ cookie, ...data }) => data)).toEqual(expect.arrayContaining([{ n0: 1 }, { n1: 1 }, { n2: 1 }]));
    expect(await ask<number>((done) => store.length?.(done as never))).toBe(3);
    await ask((done) => store.clear?.(done));
    expect(await ask<number>((done) => store.length?.(done as never))).toBe(0);
  });

  it("has no all, length and clear over a store that cannot be walked through", () => {
    const { get, create, update, touch, delete: end, name, consistency } = memoryStore();
    const store = toExpressStore({ get, create, update, touch, delete: end, name, consistency }, session);
    expect([store.all, store.length, store.clear]).toEqual([undefined, undefined, undefined]);
  });

  it("can be asked by user", async () => {
    const inner = memoryStore();
    const { browser, another } = await start({}, { userId: ({ user }) => user as string | undefined }, inner);
    await another().get("/set/n1");
    await browser.get("/login");
    expect((await inner.list("ann")).items.map(({ key }) => key)).toEqual([keyOf(browser.sid)]);
    expect(await inner.deleteAll("ann")).toHaveLength(1);
    expect((await browser.get("/")).text).toBe("{}");
  });

  it("takes what is set by hand as it is: inserted, or in the place of what is there", async () => {
    const { store, inner } = await start();
    const cookie = new session.Cookie();
    await ask((done) => store.set("by hand", { cookie, n1: 1, n2: 2 }, done));
    await ask((done) => store.set("by hand", { cookie, n1: 3 }, done));
    expect(await stored(inner, "by hand")).toMatchObject({ n1: 3 });
    expect(await stored(inner, "by hand")).not.toHaveProperty("n2");
    await ask((done) => store.touch?.("by hand", { cookie }, done as () => void));
    await ask((done) => store.destroy("by hand", done));
    await ask((done) => store.touch?.("by hand", { cookie }, done as () => void));
    expect(await stored(inner, "by hand")).toBeNull();
  });

  it("loads a session for a WebSocket, and its late save does not bring it back", async () => {
    const { browser, store, inner } = await start();
    await browser.get("/set/n1");
    const loaded = await ask<session.Session & session.SessionData>((done) => store.load(browser.sid, done as never));
    expect(loaded).toBeInstanceOf((session as unknown as { Session: new () => object }).Session);
    await browser.get("/logout");
    loaded.n2 = 2;
    await ask((done) => loaded.save(done));
    expect(await stored(inner, browser.sid)).toBeNull();
  });
});

describe("failures of the store behind toExpressStore()", () => {
  it("are 503, also one that express-session would take for an absent session", async () => {
    const { browser, instrument } = await start();
    await browser.get("/set/n1");
    const cookie = browser.cookie;
    instrument.fail("get", { error: Object.assign(new Error("no such file"), { code: "ENOENT" }) });
    expect(await browser.get("/")).toMatchObject({ status: 503, text: "SOJOURN_STORE_UNAVAILABLE", setCookie: false });
    instrument.restore();
    expect(browser.cookie).toBe(cookie);
    expect((await browser.get("/")).text).toBe('{"n1":1}');
  });

  it("do not hold a request for ever", async () => {
    const { browser, instrument } = await start({}, { timeout: 50 });
    await browser.get("/set/n1");
    instrument.hang("get");
    expect((await browser.get("/")).status).toBe(503);
    instrument.restore();
  });

  it("are told to a logout", async () => {
    const { browser, instrument } = await start();
    await browser.get("/set/n1");
    instrument.fail("delete");
    expect((await browser.get("/logout")).status).toBe(503);
    instrument.restore();
    expect((await browser.get("/")).text).toBe('{"n1":1}');
  });

  it("include records that are not express-session's", async () => {
    const { store, inner } = await start();
    const times = { createdAt: Date.now(), seenAt: Date.now(), expiresAt: Date.now() + 60_000 };
    await inner.create(keyOf("strange"), { payload: "[]", ...times });
    const error = await new Promise((resolve) => store.get("strange", resolve));
    expect(error).toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE", status: 503 });
  });
});

describe("wrong arguments", () => {
  it.each([
    ["store", () => fromExpressStore(session.MemoryStore as never)],
    ["store", () => fromExpressStore(undefined as never)],
    ["store", () => fromExpressStore({ get() {}, set() {} } as never)],
    ["prefix", () => fromExpressStore(new session.MemoryStore(), { prefix: "a/b" })],
    ["store", () => toExpressStore(new session.MemoryStore() as never, session)],
    ["session", () => toExpressStore(memoryStore(), undefined as never)],
    [
      "session",
      () => toExpressStore(memoryStore(), session({ secret: "x", resave: false, saveUninitialized: false }) as never),
    ],
    ["ttl", () => toExpressStore(memoryStore(), session, { ttl: 10 })],
    ["touchEvery", () => toExpressStore(memoryStore(), session, { touchEvery: -1 })],
    ["timeout", () => toExpressStore(memoryStore(), session, { timeout: Number.NaN })],
    ["previous", () => toExpressStore(memoryStore(), session, { previous: session.MemoryStore as never })],
    ["userId", () => toExpressStore(memoryStore(), session, { userId: "user" as never })],
  ])("%s", (option, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", message: expect.stringContaining(`"${option}"`) }),
    );
  });
});
