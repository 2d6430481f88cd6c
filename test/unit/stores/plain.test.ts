/** What the stores over universal interfaces do between processes, and when the back end misbehaves. */
import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import { unstorageStore } from "../../../src/stores/unstorage.ts";
import { fakeClock } from "../../../src/testing/index.ts";
import { fc } from "../../support/fast-check.ts";

const KEY = "k".repeat(43);
const SLOT = `sojourn:${KEY}`;

const recordAt = (now: number, payload = "first"): SessionRecord => ({
  payload,
  createdAt: now,
  seenAt: now,
  expiresAt: now + 60_000,
});

/** What two processes share. */
class Shared {
  readonly clock = fakeClock();
  readonly data = new Map<string, string>();
  /** Stands before every call of the back end. */
  turn: (call: string) => Promise<unknown> = async () => {};

  /** The store of one process: a client of its own, so that nobody takes turns with it. */
  process(options: { timeout?: number } = {}) {
    const driver = {
      getItem: async (key: string) => {
        await this.turn(`get ${key}`);
        return this.data.get(key) ?? null;
      },
      setItem: async (key: string, value: string) => {
        await this.turn(`set ${key}`);
        this.data.set(key, value);
      },
      removeItem: async (key: string) => {
        await this.turn(`remove ${key}`);
        this.data.delete(key);
      },
    };
    return unstorageStore(driver, { clock: this.clock, timeout: 600_000, ...options });
  }

  async create(payload?: string) {
    const version = await this.process().create(KEY, recordAt(this.clock(), payload));
    if (version === null) throw new Error("there is one already");
    return version;
  }
}

describe("across processes", () => {
  it("what was deleted stays deleted, in whatever order the back end is asked", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const shared = new Shared();
        const version = await shared.create();
        const [a, b, c, reader] = [shared.process(), shared.process(), shared.process(), shared.process()];
        shared.turn = (call) => scheduler.schedule(Promise.resolve(), call);
        const now = shared.clock();
        const seen: unknown[] = [];
        const all = Promise.all([
          a.update(KEY, recordAt(now, "late"), version),
          b.touch(KEY, now + 1, now + 90_000),
          c.delete(KEY).then(async (ended) => {
            expect(ended).toBe(true);
            for (let read = 0; read < 4; read++) seen.push(await reader.get(KEY));
          }),
        ]);
        await scheduler.waitFor(all);
        shared.turn = async () => {};
        expect(seen).toEqual([null, null, null, null]);
        expect([...shared.data.keys()]).toEqual([`${SLOT}.ended`]);
        expect(await reader.update(KEY, recordAt(now), version)).toEqual({ status: "gone" });
      }),
      { numRuns: 400 },
    );
  });

  it("what was replaced by a tombstone stays so, whatever others were about to write", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, isDeleted) => {
        const shared = new Shared();
        const [a, b, c, reader] = [shared.process(), shared.process(), shared.process(), shared.process()];
        const now = shared.clock();
        const version = (await reader.create(KEY, { ...recordAt(now), userId: "ann" })) ?? "";
        shared.turn = (call) => scheduler.schedule(Promise.resolve(), call);
        const users: unknown[] = [];
        const all = Promise.all([
          a.update(KEY, { ...recordAt(now, "late"), userId: "ann" }, version),
          b.touch(KEY, now + 1, now + 90_000),
          c.update(KEY, recordAt(now, "replaced"), version).then(async ({ status }) => {
            // A conflict: the other update was first, and whoever replaces would try again.
            if (status === "conflict") return;
            if (isDeleted) await c.delete(KEY);
            for (let read = 0; read < 4; read++) users.push((await reader.get(KEY))?.userId);
          }),
        ]);
        await scheduler.waitFor(all);
        shared.turn = async () => {};
        if (users.length > 0) users.push((await reader.get(KEY))?.userId);
        expect(users.every((user) => user === undefined)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it("health() writes, reads and removes a value of its own", async () => {
    const shared = new Shared();
    const calls: string[] = [];
    shared.turn = async (call) => calls.push(call.replace(/health.*/, "health"));
    await shared.process().health();
    expect(calls).toEqual(["set sojourn:health", "get sojourn:health", "remove sojourn:health"]);
    expect([...shared.data]).toEqual([]);
    shared.turn = async (call) => {
      if (call.startsWith("set")) throw new Error("a standby");
    };
    await expect(shared.process().health()).rejects.toThrow("a standby");
  });

  it("a writer that dies before it has looked leaves nothing that can be seen", async () => {
    const shared = new Shared();
    const version = await shared.create();
    const before = shared.data.get(SLOT) as string;
    expect(await shared.process().delete(KEY)).toBe(true);
    shared.data.set(SLOT, before);
    const store = shared.process();
    const now = shared.clock();
    expect(await store.get(KEY)).toBeNull();
    expect(await store.touch(KEY, now, now + 90_000)).toBe(false);
    expect(await store.update(KEY, recordAt(now), version)).toEqual({ status: "gone" });
    expect(await store.delete(KEY)).toBe(false);
  });

  it("a logout that broke off half-way has ended the session", async () => {
    const shared = new Shared();
    await shared.create();
    shared.turn = async (call) => {
      if (call.startsWith("remove")) throw new Error("the connection is gone");
    };
    await expect(shared.process().delete(KEY)).rejects.toThrow("the connection is gone");
    expect(await shared.process().get(KEY)).toBeNull();
  });

  it("of two updates at once one can be lost, which is why consistency is none", async () => {
    const shared = new Shared();
    const version = await shared.create();
    const waiting: (() => void)[] = [];
    shared.turn = (call) =>
      call.startsWith("set") ? new Promise<void>((resolve) => waiting.push(resolve)) : Promise.resolve();
    const store = shared.process();
    const both = ["one", "two"].map((payload) =>
      shared.process().update(KEY, recordAt(shared.clock(), payload), version),
    );
    while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
    shared.turn = async () => {};
    for (const go of waiting) go();
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual(["ok", "ok"]);
    expect((await store.get(KEY))?.payload).toBe("two");
    expect(store.consistency).toBe("none");
  });

  it("the grave outlives the session, by an hour", async () => {
    const shared = new Shared();
    await shared.create();
    const ttls = new Map<string, number>();
    const driver = {
      getItem: (key: string) => shared.data.get(key),
      setItem: (key: string, _value: string, { ttl }: { ttl: number }) => void ttls.set(key, ttl),
      removeItem: (key: string) => void shared.data.delete(key),
    };
    await unstorageStore(driver, { clock: shared.clock }).delete(KEY);
    expect([...ttls]).toEqual([[`${SLOT}.ended`, 3660]]);
  });
});

describe("within a process", () => {
  it("two stores over one client take turns", async () => {
    const shared = new Shared();
    const version = await shared.create();
    const client = {
      getItem: async (key: string) => shared.data.get(key),
      setItem: async (key: string, value: string) => void shared.data.set(key, value),
      removeItem: async (key: string) => void shared.data.delete(key),
    };
    const stores = [1, 2].map(() => unstorageStore(client, { clock: shared.clock }));
    const results = await Promise.all(stores.map((store) => store.update(KEY, recordAt(shared.clock(), "x"), version)));
    expect(results.map(({ status }) => status).sort()).toEqual(["conflict", "ok"]);
  });

  it("reads of one session do not wait for each other", async () => {
    const shared = new Shared();
    await shared.create();
    let reading = 0;
    let most = 0;
    shared.turn = async () => {
      reading += 1;
      most = Math.max(most, reading);
      await new Promise((resolve) => setImmediate(resolve));
      reading -= 1;
    };
    const store = shared.process();
    await Promise.all(Array.from({ length: 10 }, () => store.get(KEY)));
    expect(most).toBe(20);
  });

  it("a call that never ends holds up nobody beyond its time", async () => {
    const shared = new Shared();
    await shared.create();
    const store = shared.process({ timeout: 50 });
    const begun = new Promise<void>((resolve) => {
      shared.turn = () => {
        resolve();
        return new Promise(() => {});
      };
    });
    const stuck = store.touch(KEY, shared.clock() + 1, shared.clock() + 90_000);
    const next = store.get(KEY);
    await begun;
    shared.turn = async () => {};
    await expect(stuck).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    expect((await next)?.payload).toBe("first");
  });

  it("close() waits for what is under way", async () => {
    const shared = new Shared();
    const store = shared.process();
    let go = (): void => {};
    shared.turn = () =>
      new Promise<void>((resolve) => {
        go = resolve;
      });
    const creating = store.create(KEY, recordAt(shared.clock()));
    const closing = store.close();
    shared.turn = async () => {};
    while (!shared.data.has(SLOT)) {
      go();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closing;
    expect(await creating).not.toBeNull();
    await expect(store.get(KEY)).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  });
});

describe("a value that this store did not write", () => {
  const values = {
    "nothing at all": "",
    "somebody else's": '{"user":"ann"}',
    "the first half of a record": "",
    "another session's record": "",
  };

  it.each(Object.entries(values))("is 503, and can be deleted: %s", async (what, value) => {
    const shared = new Shared();
    await shared.create("a payload of some length");
    const whole = shared.data.get(SLOT) as string;
    const store = shared.process();
    if (what.includes("half")) shared.data.set(SLOT, whole.slice(0, -3));
    else if (what.includes("another")) shared.data.set(SLOT, whole.replace(KEY, "j".repeat(43)));
    else shared.data.set(SLOT, value);
    await expect(store.get(KEY)).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await expect(store.create(KEY, recordAt(0))).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    expect(await store.delete(KEY)).toBe(false);
    expect(await store.get(KEY)).toBeNull();
  });

  it("is read again when another process is in the middle of writing it", async () => {
    const shared = new Shared();
    await shared.create();
    const whole = shared.data.get(SLOT) as string;
    shared.data.set(SLOT, whole.slice(0, 20));
    let reads = 0;
    shared.turn = async (call) => {
      if (call === `get ${SLOT}` && ++reads === 2) shared.data.set(SLOT, whole);
    };
    expect((await shared.process().get(KEY))?.payload).toBe("first");
  });
});
