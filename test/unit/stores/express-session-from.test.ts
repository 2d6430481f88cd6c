/** A store of express-session behind ours: what it is told, and what it answers with. */
import { describe, expect, it } from "vitest";
import { fromExpressStore } from "../../../src/stores/express-session.ts";

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

  it("tells memcached no deadline of 30 days or more, which it takes for a date in 1970", async () => {
    const told: number[] = [];
    class MemcachedStore {
      get = (_sid: string, callback: (error: unknown, session: null) => void) => callback(null, null);
      set = (_sid: string, { cookie }: { cookie: { maxAge?: number } }, callback: (error?: unknown) => void) => {
        told.push(cookie.maxAge ?? 0);
        callback();
      };
      destroy = (_sid: string, callback: (error?: unknown) => void) => callback();
    }
    class OtherStore extends MemcachedStore {}
    const days = (count: number) => count * 86_400_000;
    const life = { ...record, expiresAt: days(90) };
    await fromExpressStore(new MemcachedStore(), { clock: () => 0 }).create("k", life);
    await fromExpressStore(new OtherStore(), { clock: () => 0 }).create("k", life);
    await fromExpressStore(new OtherStore(), { clock: () => 0, longestTtl: days(20) }).create("k", life);
    expect(told).toEqual([days(30) - 60_000, days(90) + 60_000, days(20)]);
    expect(() => fromExpressStore(new OtherStore(), { longestTtl: 1 })).toThrow('Option "longestTtl"');
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
