/** express-session and Express as they are, over sockets, with a store of ours behind. */
import { createHash } from "node:crypto";
import session from "express-session";
import { createStorage } from "unstorage";
import { afterEach, describe, expect, it } from "vitest";
import { fromExpressStore, type ToExpressStoreOptions, toExpressStore } from "../../../src/stores/express-session.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import type { Store } from "../../../src/stores/store.ts";
import { unstorageStore } from "../../../src/stores/unstorage.ts";
import { instrumentedStore } from "../../../src/testing/index.ts";
import { type Application, sessionIn, startApplication } from "../../support/express-session.ts";

const keyOf = (sid: string): string => createHash("sha256").update(sid).digest("base64url");

let application: Application | undefined;
afterEach(() => application?.close());

/** Resolves as soon as somebody opens it. */
function gate(): { readonly wait: Promise<void>; open(): void } {
  let open = (): void => {};
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait, open };
}

async function start(
  sessionOptions: Partial<session.SessionOptions> = {},
  options: ToExpressStoreOptions = {},
  inner: Store = memoryStore(),
) {
  const instrument = instrumentedStore(inner);
  const store = toExpressStore(instrument.store, session, options);
  /** Requests to /slow wait in the middle until it is opened. */
  const slow = { reached: gate(), go: gate() };
  application = await startApplication({ ...sessionOptions, store }, (app) => {
    app.get("/", (req, res) => void res.json({ ...sessionIn(req), cookie: undefined }));
    app.get("/set/:key", (req, res) => {
      sessionIn(req)[req.params.key as "n1"] = Number(req.query.to ?? 1);
      res.end("set");
    });
    app.get("/unset/:key", (req, res) => {
      delete sessionIn(req)[req.params.key as "n1"];
      res.end("unset");
    });
    app.get("/slow/:key", async (req, res) => {
      slow.reached.open();
      await slow.go.wait;
      sessionIn(req)[req.params.key as "n1"] = 1;
      res.end("slow");
    });
    app.get("/read-slowly", async (_req, res) => {
      slow.reached.open();
      await slow.go.wait;
      res.end("read");
    });
    app.get("/login", (req, res, next) => {
      sessionIn(req).regenerate((error) => {
        if (error) return next(error);
        sessionIn(req).user = "ann";
        sessionIn(req).save((failure) => (failure ? next(failure) : res.end("in")));
      });
    });
    app.get("/logout", (req, res, next) => {
      sessionIn(req).destroy((error) => (error ? next(error) : res.end("out")));
    });
    app.get("/null", (req, res) => {
      (req as { session: unknown }).session = null;
      res.end();
    });
    app.get("/remember", (req, res) => {
      sessionIn(req).cookie.maxAge = 30 * 86_400_000;
      res.end("30 days");
    });
    app.get("/cookie", (req, res) => {
      const { originalMaxAge, maxAge, expires } = sessionIn(req).cookie;
      res.json({ originalMaxAge, maxAge, expires });
    });
    app.get("/twice", (req, res, next) => {
      sessionIn(req).n1 = 1;
      sessionIn(req).save((error) => {
        if (error) return next(error);
        sessionIn(req).n2 = 2;
        sessionIn(req).save();
        sessionIn(req).n3 = 3;
        sessionIn(req).reload((failure) => {
          if (failure) return next(failure);
          sessionIn(req).n4 = 4;
          res.end("twice");
        });
      });
    });
  });
  return { browser: application.browser(), another: application.browser, store, inner, instrument, slow };
}

/** What the store has for a browser's session. */
async function stored(inner: Store, sid: string): Promise<Record<string, unknown> | null> {
  const record = await inner.get(keyOf(sid));
  return record && JSON.parse(record.payload);
}

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
    await slow.reached.wait;
    await browser.get("/set/n2");
    await browser.get("/unset/n0");
    slow.go.open();
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

describe.each<[string, () => Store]>([
  ["memory", () => memoryStore()],
  ["SQLite", () => sqliteStore(":memory:")],
  ["unstorage", () => unstorageStore(createStorage())],
])("a request under way, over %s,", (_, open) => {
  it("does not bring back a session that was destroyed while a request was under way", async () => {
    const { browser, another, slow, inner } = await start({}, {}, open());
    await browser.get("/set/n0");
    const { sid } = browser;
    const late = another();
    late.cookie = browser.cookie;
    const answer = late.get("/slow/n1");
    await slow.reached.wait;
    await browser.get("/logout");
    slow.go.open();
    expect((await answer).text).toBe("slow");
    expect(await inner.get(keyOf(sid))).toBeNull();
    expect((await late.get("/")).text).toBe("{}");
  });

  it("does not bring back a session that was only read meanwhile, nor with resave and rolling", async () => {
    const { browser, another, slow, inner } = await start(
      { resave: true, rolling: true, cookie: { maxAge: 60_000 } },
      {},
      open(),
    );
    await browser.get("/set/n0");
    const { sid } = browser;
    const late = another();
    late.cookie = browser.cookie;
    const answer = late.get("/read-slowly");
    await slow.reached.wait;
    await browser.get("/logout");
    slow.go.open();
    await answer;
    expect(await inner.get(keyOf(sid))).toBeNull();
  });

  it("does not bring back the session that a login replaced", async () => {
    const { browser, another, slow, inner } = await start({}, {}, open());
    await browser.get("/set/n0");
    const before = browser.sid;
    const late = another();
    late.cookie = browser.cookie;
    const answer = late.get("/slow/n1");
    await slow.reached.wait;
    await browser.get("/login");
    slow.go.open();
    await answer;
    expect(browser.sid).not.toBe(before);
    expect(await inner.get(keyOf(before))).toBeNull();
    expect((await browser.get("/")).text).toBe('{"user":"ann"}');
  });
});

it("express-session's own store does bring back what was destroyed", async () => {
  const inner = new session.MemoryStore();
  const [reached, go] = [gate(), gate()];
  application = await startApplication({ store: inner }, (app) => {
    app.get("/slow", async (req, res) => {
      sessionIn(req).n1 = 1;
      if (req.query.wait) {
        sessionIn(req).n2 = 2;
        reached.open();
        await go.wait;
      }
      res.end();
    });
    app.get("/logout", (req, res) => void sessionIn(req).destroy(() => res.end()));
  });
  const browser = application.browser();
  await browser.get("/slow");
  const late = browser.get("/slow?wait=1");
  await reached.wait;
  await browser.get("/logout");
  go.open();
  await late;
  expect(Object.keys((inner as unknown as { sessions: object }).sessions)).toEqual([browser.sid]);
});

describe("deadlines of toExpressStore()", () => {
  it("are the cookie's", async () => {
    const { browser, inner } = await start({ cookie: { maxAge: 3_600_000 } });
    const before = Date.now();
    await browser.get("/set/n1");
    const record = await inner.get(keyOf(browser.sid));
    expect(record?.expiresAt).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(record?.expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000);
    const cookie = JSON.parse((await browser.get("/cookie")).text);
    expect(cookie).toMatchObject({
      originalMaxAge: 3_600_000,
      expires: new Date(record?.expiresAt ?? 0).toISOString(),
    });
    expect(browser.line).toContain(new Date(record?.expiresAt ?? 0).toUTCString());
  });

  it("are ttl when the cookie ends with the browser", async () => {
    const now = Date.now() + 1000;
    const { browser, inner } = await start({}, { ttl: 5000, clock: () => now });
    await browser.get("/set/n1");
    const record = await inner.get(keyOf(browser.sid));
    expect(record).toMatchObject({ createdAt: now, seenAt: now, expiresAt: now + 5000 });
    expect(JSON.parse((await browser.get("/cookie")).text)).toEqual({
      originalMaxAge: null,
      expires: null,
      maxAge: null,
    });
    expect(browser.line).not.toMatch(/expires|max-age/i);
  });

  it("end a session", async () => {
    let now = Date.now();
    const { browser } = await start({ cookie: { maxAge: 60_000 } }, {}, memoryStore({ clock: () => now }));
    await browser.get("/set/n1");
    now += 59_000;
    expect((await browser.get("/")).text).toBe('{"n1":1}');
    now += 61_000;
    expect((await browser.get("/")).text).toBe("{}");
  });

  it("move when a request changed nothing, without a rewrite of the data", async () => {
    const { browser, inner, instrument } = await start({ cookie: { maxAge: 60_000 } }, { touchEvery: 0 });
    await browser.get("/set/n1");
    const before = await inner.get(keyOf(browser.sid));
    await new Promise((resolve) => setTimeout(resolve, 5));
    instrument.resetCalls();
    expect((await browser.get("/")).setCookie).toBe(false);
    const after = await inner.get(keyOf(browser.sid));
    expect(after?.expiresAt).toBeGreaterThan(before?.expiresAt ?? 0);
    expect(after?.version).toBe(before?.version);
    expect([instrument.calls.touch, instrument.calls.update]).toEqual([1, 0]);
  });

  it("are not written down for every request", async () => {
    const { browser, instrument } = await start({ cookie: { maxAge: 3_600_000 }, rolling: true, resave: true });
    await browser.get("/set/n1");
    instrument.resetCalls();
    for (let index = 0; index < 5; index++) expect((await browser.get("/")).setCookie).toBe(true);
    expect([instrument.total, instrument.calls.get]).toEqual([5, 5]);
  });

  it("are written down in time for a session that lives for a second", async () => {
    let now = Date.now();
    const clock = (): number => now;
    const inner = memoryStore({ clock });
    const store = toExpressStore(inner, session, { clock, ttl: 1000 });
    const call = <T>(run: (done: (error: unknown, result?: T) => void) => void): Promise<T | undefined> =>
      new Promise((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result))));
    await call((done) => store.set("a", { cookie: new session.Cookie() }, done));
    for (let turn = 0; turn < 20; turn++) {
      now += 100;
      const found = await call<session.SessionData | null>((done) => store.get("a", done));
      expect(found).toBeTruthy();
      if (found) await call((done) => store.touch?.("a", found, done as () => void));
    }
  });

  it("follow a request that changed the cookie and nothing else, sooner or later", async () => {
    const { browser, inner } = await start({ cookie: { maxAge: 60_000 } });
    await browser.get("/set/n1");
    await browser.get("/remember");
    const record = await inner.get(keyOf(browser.sid));
    expect(record?.expiresAt).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect(JSON.parse((await browser.get("/cookie")).text).originalMaxAge).toBe(30 * 86_400_000);
    expect((await browser.get("/")).text).toBe('{"n1":1}');
  });

  it("and the data of another request survive that", async () => {
    const { browser, slow } = await start({ cookie: { maxAge: 60_000 } });
    await browser.get("/set/n1");
    const late = browser.get("/slow/n2");
    await slow.reached.wait;
    await browser.get("/remember");
    slow.go.open();
    await late;
    expect(JSON.parse((await browser.get("/cookie")).text).originalMaxAge).toBe(30 * 86_400_000);
    expect((await browser.get("/")).text).toBe('{"n1":1,"n2":1}');
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

describe("the previous store of toExpressStore()", () => {
  /** Two applications with one secret: before the change of the store, and after. */
  async function change() {
    const previous = new session.MemoryStore();
    const before = await startApplication({ store: previous }, (app) => {
      app.get("/set/:key", (req, res) => {
        sessionIn(req)[req.params.key as "n1"] = 1;
        res.end();
      });
    });
    const old = before.browser();
    await old.get("/set/n0");
    before.close();
    const after = await start({}, { previous });
    after.browser.cookie = old.cookie;
    const left = (): string[] => Object.keys((previous as unknown as { sessions: object }).sessions);
    return { ...after, previous, left };
  }

  it("is where a session is found, and what it is moved from by its first request", async () => {
    const { browser, inner, left } = await change();
    expect(await browser.get("/")).toMatchObject({ text: '{"n0":1}', setCookie: false });
    expect(await stored(inner, browser.sid)).toMatchObject({ n0: 1 });
    expect(left()).toEqual([]);
    await browser.get("/set/n1");
    expect((await browser.get("/")).text).toBe('{"n0":1,"n1":1}');
  });

  it("gives one session to many first requests at once", async () => {
    const { browser, left } = await change();
    await Promise.all([1, 2, 3, 4, 5].map((index) => browser.get(`/set/n${index}`)));
    expect(Object.keys(JSON.parse((await browser.get("/")).text)).sort()).toEqual(["n0", "n1", "n2", "n3", "n4", "n5"]);
    expect(left()).toEqual([]);
  });

  it("hides it from nobody while it moves", async () => {
    const { browser, another, previous } = await change();
    const late = another();
    late.cookie = browser.cookie;
    const [asked, go] = [gate(), gate()];
    const { get } = previous;
    previous.get = function (sid, callback) {
      previous.get = get;
      asked.open();
      void go.wait.then(() => get.call(this, sid, callback));
    };
    const answer = late.get("/");
    await asked.wait;
    await browser.get("/");
    go.open();
    expect((await answer).text).toBe('{"n0":1}');
  });

  it("does not bring back what was destroyed while the first request was under way", async () => {
    const { browser, another, slow, inner, left } = await change();
    const late = another();
    late.cookie = browser.cookie;
    const { sid } = browser;
    const answer = late.get("/slow/n1");
    await slow.reached.wait;
    await browser.get("/logout");
    slow.go.open();
    await answer;
    expect([await stored(inner, sid), left()]).toEqual([null, []]);
  });

  it("nor what was destroyed after it had moved", async () => {
    const { browser, another, slow, inner, left } = await change();
    const late = another();
    late.cookie = browser.cookie;
    const { sid } = browser;
    const answer = late.get("/slow/n1");
    await slow.reached.wait;
    await browser.get("/set/n2");
    await browser.get("/logout");
    slow.go.open();
    await answer;
    expect([await stored(inner, sid), left()]).toEqual([null, []]);
  });

  it("nor what moves while it is destroyed", async () => {
    const { browser, another, slow, previous, inner, left } = await change();
    const late = another();
    late.cookie = browser.cookie;
    const { sid } = browser;
    const answer = late.get("/slow/n1");
    await slow.reached.wait;
    const [asked, go] = [gate(), gate()];
    const { destroy } = previous;
    previous.destroy = function (id, callback) {
      previous.destroy = destroy;
      asked.open();
      void go.wait.then(() => destroy.call(this, id, callback));
    };
    const logout = browser.get("/logout");
    await asked.wait;
    slow.go.open();
    await answer;
    go.open();
    await logout;
    expect([await stored(inner, sid), left()]).toEqual([null, []]);
  });

  it("that fails is a failure, and not the end of a session", async () => {
    const { browser, previous } = await change();
    const { get } = previous;
    previous.get = (_sid, callback) => callback(new Error("down"));
    expect(await browser.get("/")).toMatchObject({ status: 503, setCookie: false });
    previous.get = get;
    expect((await browser.get("/")).text).toBe('{"n0":1}');
  });
});

describe("fromExpressStore()", () => {
  const record = { payload: "{}", createdAt: 0, seenAt: 0, expiresAt: 61_000 };

  it("tells the store the deadline in each of the ways in which stores look for it", async () => {
    const cookies: { originalMaxAge?: number; maxAge?: number; expires?: Date }[] = [];
    const store = fromExpressStore(
      {
        get: (_sid, callback) => callback(null, null),
        set: (_sid, { cookie }, callback) => {
          cookies.push(cookie);
          callback();
        },
        destroy: (_sid, callback) => callback(),
      },
      { clock: () => 1000 },
    );
    const before = Date.now();
    await store.create("k", record);
    expect(cookies).toEqual([expect.objectContaining({ originalMaxAge: 120_000, maxAge: 120_000 })]);
    const expires = cookies[0]?.expires?.getTime() ?? 0;
    expect(expires).toBeGreaterThanOrEqual(before + 120_000);
    expect(expires).toBeLessThanOrEqual(Date.now() + 120_000);
  });

  it("takes a file that is not there for an absent session, but not for a stored one", async () => {
    const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
    const store = fromExpressStore({
      get: (_sid, callback) => callback(missing),
      set: (_sid, _session, callback) => callback(missing),
      destroy: (_sid, callback) => callback(missing),
    });
    expect(await store.get("k")).toBeNull();
    expect(await store.delete("k")).toBe(false);
    await expect(store.create("k", record)).rejects.toBe(missing);
  });

  it("rejects with what the store failed with, thrown or called back, an error or not", async () => {
    const store = fromExpressStore({
      get: () => {
        throw new Error("thrown");
      },
      set: () => undefined,
      destroy: () => undefined,
    });
    await expect(store.get("k")).rejects.toThrow("thrown");
    const words = fromExpressStore({
      get: (_sid, callback) => callback("down"),
      set: () => undefined,
      destroy: () => undefined,
    });
    await expect(words.get("k")).rejects.toMatchObject({ cause: "down" });
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
