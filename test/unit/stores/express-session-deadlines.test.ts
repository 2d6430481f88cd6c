/** When sessions of express-session end in a store of ours, and how often that is written down. */
import session from "express-session";
import { afterEach, describe, expect, it, vi } from "vitest";
import { toExpressStore } from "../../../src/stores/express-session.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { Browser } from "../../support/express-session.ts";
import { keyOf, start } from "./express-session-site.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** express-session reads the clock twice to set a cookie's length, which may differ by that from the one before. */
const clocks: readonly [name: string, mock: () => void][] = [
  ["the system's clock", () => {}],
  [
    "a clock that ticks whenever it is read",
    () => {
      let now = Date.now();
      vi.spyOn(Date, "now").mockImplementation(() => {
        now += 1;
        return now;
      });
    },
  ],
];

/** Of how many days the session's cookie is. */
async function days(browser: Browser): Promise<number> {
  const { originalMaxAge } = JSON.parse((await browser.get("/cookie")).text) as { originalMaxAge: number };
  return Math.round(originalMaxAge / 86_400_000);
}

describe("deadlines of toExpressStore()", () => {
  it("are the cookie's", async () => {
    const { browser, inner } = await start({ cookie: { maxAge: 3_600_000 } });
    const before = Date.now();
    await browser.get("/set/n1");
    const record = await inner.get(keyOf(browser.sid));
    expect(record?.expiresAt).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(record?.expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000);
    const cookie = JSON.parse((await browser.get("/cookie")).text);
    expect(cookie.expires).toBe(new Date(record?.expiresAt ?? 0).toISOString());
    // express-session takes from it what the clock moves between two lines.
    expect(Math.ceil(cookie.originalMaxAge / 1000)).toBe(3600);
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

  it.each(clocks)("are not written down for every request, over %s", async (_, mock) => {
    mock();
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
    expect(await days(browser)).toBe(30);
    expect((await browser.get("/")).text).toBe('{"n1":1}');
  });

  it.each(clocks)("and the data of another request survive that, over %s", async (_, mock) => {
    mock();
    const { browser, slow } = await start({ cookie: { maxAge: 60_000 } });
    await browser.get("/set/n1");
    const late = browser.get("/slow/n2");
    await slow.arrived;
    await browser.get("/remember");
    slow.open();
    await late;
    expect(await days(browser)).toBe(30);
    expect((await browser.get("/")).text).toBe('{"n1":1,"n2":1}');
  });
});
