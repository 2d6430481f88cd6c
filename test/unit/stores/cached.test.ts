import { describe, expect, expectTypeOf, test } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import type { CachedStoreOptions } from "../../../src/stores/cached.ts";
import { cachedStore } from "../../../src/stores/cached.ts";
import type { MemoryStoreOptions } from "../../../src/stores/memory.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { ScanStore, Store, UserStore, WatchStore } from "../../../src/stores/store.ts";
import { fakeClock, instrumentedStore } from "../../../src/testing/index.ts";

const BOUND = 5000;

/** Two instrumented memory stores and a cached store over them. */
function setUp(options: CachedStoreOptions = {}, bounds: MemoryStoreOptions = {}) {
  const clock = fakeClock();
  const near = instrumentedStore(memoryStore({ clock, ...bounds }));
  const far = instrumentedStore(memoryStore({ clock }));
  const store = cachedStore(near.store, far.store, { clock, ...options });
  const record = (payload: string, userId?: string): SessionRecord => ({
    payload,
    userId,
    createdAt: clock(),
    seenAt: clock(),
    expiresAt: clock() + 3_600_000,
  });
  /** A record that is in the far store only. */
  const plant = async (key: string, payload = "old", userId?: string) => {
    const version = await far.store.create(key, record(payload, userId));
    far.resetCalls();
    return version as number;
  };
  return { clock, near, far, store, record, plant };
}

/** The same store without any optional interface: no `watch`, so nobody tells. */
function fiveVerbs(store: Store): Store {
  const { name, consistency } = store;
  return {
    name,
    consistency,
    get: (key) => store.get(key),
    create: (key, record) => store.create(key, record),
    update: (key, record, expected) => store.update(key, record, expected),
    touch: (key, seenAt, expiresAt) => store.touch(key, seenAt, expiresAt),
    delete: (key) => store.delete(key),
  };
}

describe("staleness", () => {
  test("a copy is served for maxStaleness and not a millisecond longer", async () => {
    const { clock, far, store, plant } = setUp();
    await plant("a");
    const first = await store.get("a");
    clock.advance(BOUND - 1);
    expect(await store.get("a")).toEqual(first);
    expect(far.calls.get).toBe(1);
    clock.advance(1);
    expect(await store.get("a")).toEqual(first);
    expect(far.calls.get).toBe(2);
  });

  test("it is counted from the question, not from the answer", async () => {
    const { clock, far, store, plant } = setUp();
    await plant("a");
    const gate = far.hold("get", { when: "after" });
    const slow = store.get("a");
    await gate.reached;
    clock.advance(BOUND - 1);
    gate.release();
    await slow;
    await store.get("a");
    expect(far.calls.get).toBe(1);
    clock.advance(1);
    await store.get("a");
    expect(far.calls.get).toBe(2);
  });

  test("an answer that is too old when it arrives is not kept", async () => {
    const { clock, far, store, plant } = setUp();
    await plant("a");
    const gate = far.hold("get", { when: "after" });
    const slow = store.get("a");
    await gate.reached;
    clock.advance(BOUND);
    gate.release();
    await slow;
    await store.get("a");
    expect(far.calls.get).toBe(2);
  });

  test("a copy does not outlive its record", async () => {
    const { clock, far, store, record } = setUp();
    await far.store.create("a", { ...record("short"), expiresAt: clock() + 1000 });
    expect(await store.get("a")).not.toBeNull();
    clock.advance(1000);
    expect(await store.get("a")).toBeNull();
  });

  test("nor does a near store with a clock of its own make it any older", async () => {
    const clock = fakeClock();
    const near = memoryStore({ clock: fakeClock(clock()) });
    const far = memoryStore({ clock });
    const store = cachedStore(near, fiveVerbs(far), { clock });
    const record = { payload: "old", createdAt: clock(), seenAt: clock(), expiresAt: clock() + 3_600_000 };
    await store.create("a", record);
    await store.create("b", { ...record, expiresAt: clock() + 1000 });
    await far.delete("a");
    expect((await near.get("a"))?.expiresAt).toBe(clock() + BOUND);
    clock.advance(1000);
    expect(await store.get("b")).toBeNull();
    clock.advance(BOUND - 1000);
    expect(await store.get("a")).toBeNull();
  });

  test("a clock that steps back makes copies suspect, and loses nothing", async () => {
    const { clock, far, store, plant } = setUp();
    await plant("a");
    await store.get("a");
    clock.advance(-60_000);
    expect(await store.get("a")).not.toBeNull();
    expect(far.calls.get).toBe(2);
  });

  test("what another process changed shows after maxStaleness", async () => {
    const { clock, far, near, store, record, plant } = setUp();
    const version = await plant("a");
    const other = cachedStore(memoryStore({ clock }), far.store, { clock });
    await Promise.all([store.get("a"), other.get("a")]);
    await other.update("a", record("new"), version);
    expect((await other.get("a"))?.payload).toBe("new");
    expect((await store.get("a"))?.payload).toBe("old");
    clock.advance(BOUND);
    expect((await store.get("a"))?.payload).toBe("new");
    expect(near.calls.get).toBeGreaterThan(0);
  });

  test("what another process ended shows at once when the far store tells", async () => {
    const { clock, far, store, plant } = setUp();
    await plant("a");
    const other = cachedStore(memoryStore({ clock }), far.store, { clock });
    await Promise.all([store.get("a"), other.get("a")]);
    await other.delete("a");
    await expect.poll(() => store.get("a")).toBeNull();
  });

  test("sessions that end elsewhere by the thousand do not push copies out", async () => {
    const { clock, far, near, store, record, plant } = setUp({}, { maxSessions: 10 });
    await plant("mine");
    await store.get("mine");
    const other = cachedStore(memoryStore({ clock }), far.store, { clock });
    for (let count = 0; count < 50; count++) {
      await other.create(`theirs ${count}`, record("old"));
      await other.delete(`theirs ${count}`);
    }
    await new Promise(setImmediate);
    expect(await near.store.get("theirs 49")).toBeNull();
    far.resetCalls();
    expect(await store.get("mine")).not.toBeNull();
    expect(far.calls.get).toBe(0);
  });

  test("a read that is under way when it ends elsewhere is not kept", async () => {
    const { clock, far, store, plant } = setUp();
    await plant("first");
    await store.get("first");
    await plant("a");
    const gate = far.hold("get", { when: "after", key: "a" });
    const reader = store.get("a");
    await gate.reached;
    await cachedStore(memoryStore({ clock }), far.store, { clock }).delete("a");
    gate.release();
    expect(await reader).not.toBeNull();
    expect(await store.get("a")).toBeNull();
  });

  test("what another process ended shows after maxStaleness when nobody tells", async () => {
    const { clock, far, record } = setUp();
    const open = () => cachedStore(memoryStore({ clock }), fiveVerbs(far.store), { clock });
    const [one, two] = [open(), open()];
    await one.create("a", record("old"));
    await two.get("a");
    await one.delete("a");
    expect(await one.get("a")).toBeNull();
    expect(await two.get("a")).not.toBeNull();
    clock.advance(BOUND);
    expect(await two.get("a")).toBeNull();
  });

  test("a stale read leads to a conflict, never to a lost update", async () => {
    const { clock, far, store, record, plant } = setUp();
    const version = await plant("a", "0");
    const other = cachedStore(memoryStore({ clock }), far.store, { clock });
    await other.get("a");
    await store.update("a", record("1"), version);
    const stale = await other.get("a");
    expect(stale?.payload).toBe("0");
    const result = await other.update("a", record("lost?"), stale?.version ?? 0);
    expect(result).toMatchObject({ status: "conflict", current: { payload: "1" } });
    expect((await other.get("a"))?.payload).toBe("1");
  });
});

describe("a fill cannot undo a revocation", () => {
  const ends: readonly [string, (store: UserStore & ScanStore) => Promise<unknown>][] = [
    ["delete()", (store) => store.delete("a")],
    ["deleteAll()", (store) => store.deleteAll("ann")],
    ["clear()", (store) => store.clear()],
    [
      "an eviction",
      async (store) => {
        const now = 1_800_000_000_000;
        const login = { payload: "", userId: "ann", createdAt: now, seenAt: now, expiresAt: now + 1000 };
        await store.admit("b", login, { epoch: await store.epoch("ann"), limit: 1 });
      },
    ],
  ];

  test.each(ends)("a reader that asked before %s does not bring the session back", async (_, end) => {
    const { clock, far, near, store, plant } = setUp();
    await plant("a", "old", "ann");
    const gate = far.hold("get", { when: "after" });
    const reader = store.get("a");
    await gate.reached;
    await end(store);
    gate.release();
    expect((await reader)?.payload).toBe("old");
    expect(await store.get("a")).toBeNull();
    clock.advance(BOUND);
    expect(await store.get("a")).toBeNull();
    expect((await near.store.get("a"))?.payload.startsWith("copy")).not.toBe(true);
  });

  test.each(ends)("%s takes a copy out", async (_, end) => {
    const { store, plant } = setUp();
    await plant("a", "old", "ann");
    expect(await store.get("a")).not.toBeNull();
    await end(store);
    expect(await store.get("a")).toBeNull();
  });

  test.each(ends)("nor when the near store has forgotten about %s", async (_, end) => {
    const { far, near, store, plant } = setUp({}, { maxSessions: 1 });
    await plant("a", "old", "ann");
    const gate = far.hold("get", { when: "after" });
    const reader = store.get("a");
    await gate.reached;
    await end(store);
    for (const filler of ["x", "y", "z"]) await plant(filler).then(() => store.get(filler));
    expect(await near.store.get("a")).toBeNull();
    gate.release();
    await reader;
    expect(await store.get("a")).toBeNull();
  });

  test("a reader that asks while the far delete is under way neither", async () => {
    const { far, store, plant } = setUp();
    await plant("a");
    const deleting = far.hold("delete");
    const logout = store.delete("a");
    await deleting.reached;
    const reading = far.hold("get", { when: "after" });
    const reader = store.get("a");
    await reading.reached;
    deleting.release();
    expect(await logout).toBe(true);
    reading.release();
    await reader;
    expect(await store.get("a")).toBeNull();
  });

  test("a fill that is under way when the session ends is overtaken", async () => {
    const { near, store, plant } = setUp();
    await plant("a");
    const filling = near.hold("create");
    const reader = store.get("a");
    await filling.reached;
    const logout = store.delete("a");
    filling.release();
    expect((await reader)?.payload).toBe("old");
    expect(await logout).toBe(true);
    expect(await store.get("a")).toBeNull();
  });

  test("nor one that the near store forgets the end of meanwhile", async () => {
    const { near, store, plant } = setUp({}, { maxSessions: 1 });
    await plant("a");
    const filling = near.hold("create", { key: "a" });
    const reader = store.get("a");
    await filling.reached;
    const logout = store.delete("a");
    await new Promise(setImmediate);
    for (const filler of ["x", "y"]) await plant(filler).then(() => store.get(filler));
    filling.release();
    await Promise.all([reader, logout]);
    expect(await store.get("a")).toBeNull();
  });

  test("the tombstone is there before the far store is told to delete", async () => {
    const { far, near, store, plant } = setUp();
    await plant("a");
    await store.get("a");
    const gate = far.hold("delete");
    const logout = store.delete("a");
    await gate.reached;
    expect((await near.store.get("a"))?.payload).toBe("tombstone");
    gate.release();
    expect(await logout).toBe(true);
  });

  test("clear() waits for the copy of what another verb, beside it, has ended in the far store", async () => {
    const { near, store, plant } = setUp();
    await plant("a", "old", "ann");
    await store.get("a");
    const burying = near.hold("update", { key: "a" });
    const revoking = store.deleteAll("ann");
    await burying.reached;
    let cleared = false;
    const clearing = store.clear().then((keys) => {
      cleared = true;
      return keys;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(cleared).toBe(false);
    burying.release();
    expect([await revoking, await clearing]).toEqual([["a"], []]);
    expect(await store.get("a")).toBeNull();
  });

  test("a write that comes too late leaves the tombstone", async () => {
    const { clock, near, store, record, plant } = setUp();
    const version = await plant("a");
    await store.delete("a");
    expect(await store.touch("a", clock(), clock() + 1000)).toBe(false);
    expect((await store.update("a", record("late"), version)).status).toBe("gone");
    expect((await near.store.get("a"))?.payload).toBe("tombstone");
  });

  test("processes that share the near store do not undo each other's", async () => {
    const { clock, far, near, record } = setUp();
    const open = () => cachedStore(near.store, fiveVerbs(far.store), { clock });
    const [one, two] = [open(), open()];
    await far.store.create("a", record("old"));
    const gate = far.hold("get", { when: "after" });
    const reader = one.get("a");
    await gate.reached;
    expect(await two.delete("a")).toBe(true);
    clock.advance(BOUND - 1);
    gate.release();
    await reader;
    expect([await one.get("a"), await two.get("a")]).toEqual([null, null]);
  });

  test("a tombstone stays for as long as the longest request", async () => {
    const { clock, near, store, plant } = setUp({ longestRequest: 30_000 });
    await plant("a");
    await store.get("a");
    await store.delete("a");
    clock.advance(29_999);
    expect((await near.store.get("a"))?.payload).toBe("tombstone");
    clock.advance(1);
    expect(await near.store.get("a")).toBeNull();
  });

  test("a key that is created again can be read at once", async () => {
    const { store, record } = setUp();
    await store.create("a", record("first"));
    await store.delete("a");
    await store.create("a", record("second"));
    expect((await store.get("a"))?.payload).toBe("second");
  });
});

describe("reads and writes of one moment", () => {
  test("a reader that asked before an update does not bring the old record back", async () => {
    const { far, store, record, plant } = setUp();
    const version = await plant("a");
    const gate = far.hold("get", { when: "after" });
    const reader = store.get("a");
    await gate.reached;
    await store.update("a", record("new"), version);
    gate.release();
    expect((await reader)?.payload).toBe("old");
    expect((await store.get("a"))?.payload).toBe("new");
  });

  test("nor when the near store has forgotten the update", async () => {
    const { far, store, record, plant } = setUp({}, { maxSessions: 1 });
    const version = await plant("a");
    const gate = far.hold("get", { when: "after" });
    const reader = store.get("a");
    await gate.reached;
    await store.update("a", record("new"), version);
    await plant("x").then(() => store.get("x"));
    gate.release();
    await reader;
    expect((await store.get("a"))?.payload).toBe("new");
  });

  test("answers that arrive in the wrong order leave nothing old behind", async () => {
    const { far, store, record, plant } = setUp();
    const version = await plant("a");
    const gate = far.hold("update", { when: "after" });
    const first = store.update("a", record("1"), version);
    await gate.reached;
    const current = await far.store.get("a");
    expect((await store.update("a", record("2"), current?.version ?? 0)).status).toBe("ok");
    gate.release();
    expect((await first).status).toBe("ok");
    expect((await store.get("a"))?.payload).toBe("2");
  });

  test("an update is read back without asking the far store", async () => {
    const { far, store, record, plant } = setUp();
    const version = await plant("a");
    const result = await store.update("a", record("new", "ann"), version);
    expect(await store.get("a")).toEqual({ ...record("new", "ann"), version: (result as { version: number }).version });
    expect(far.calls.get).toBe(0);
  });

  test("a touch shows at once", async () => {
    const { clock, store, plant } = setUp();
    await plant("a");
    await store.get("a");
    await store.touch("a", clock() + 1, clock() + 7_200_000);
    expect(await store.get("a")).toMatchObject({ seenAt: clock() + 1, expiresAt: clock() + 7_200_000 });
  });

  test("an update that finds the session gone takes the copy out", async () => {
    const { far, record, clock } = setUp();
    const store = cachedStore(memoryStore({ clock }), fiveVerbs(far.store), { clock });
    const version = await store.create("a", record("old"));
    await far.store.delete("a");
    expect(await store.get("a")).not.toBeNull();
    expect((await store.update("a", record("new"), version ?? 0)).status).toBe("gone");
    expect(await store.get("a")).toBeNull();
  });
});

describe("when the far store fails", () => {
  test("copies are served until they are too old, and then the call rejects", async () => {
    const { clock, far, store, plant } = setUp();
    await plant("a");
    await store.get("a");
    far.fail("get");
    clock.advance(BOUND - 1);
    expect(await store.get("a")).not.toBeNull();
    clock.advance(1);
    await expect(store.get("a")).rejects.toThrow("injected");
    far.restore();
    expect(await store.get("a")).not.toBeNull();
  });

  test("a logout that failed says so, and one whose answer was lost is done", async () => {
    const { far, store, plant } = setUp();
    await plant("a");
    await store.get("a");
    far.fail("delete", { times: 1 });
    await expect(store.delete("a")).rejects.toThrow("injected");
    expect(await store.get("a")).not.toBeNull();
    far.fail("delete", { times: 1, when: "after" });
    await expect(store.delete("a")).rejects.toThrow("injected");
    expect(await store.get("a")).toBeNull();
  });

  test.each(["update", "touch"] as const)("after %s whose answer was lost, the far store is asked", async (verb) => {
    const { clock, far, store, record, plant } = setUp();
    const version = await plant("a");
    await store.get("a");
    far.fail(verb, { times: 1, when: "after" });
    const expiresAt = clock() + 7_200_000;
    const call =
      verb === "update"
        ? store.update("a", { ...record("new"), expiresAt }, version)
        : store.touch("a", clock(), expiresAt);
    await expect(call).rejects.toThrow("injected");
    expect((await store.get("a"))?.expiresAt).toBe(expiresAt);
  });
});

describe("when the near store fails", () => {
  test("reads and writes go on", async () => {
    const { near, store, record } = setUp();
    near.fail(["get", "create", "update", "touch", "delete"]);
    const version = await store.create("a", record("1"));
    expect((await store.get("a"))?.payload).toBe("1");
    expect((await store.update("a", record("2"), version ?? 0)).status).toBe("ok");
    expect((await store.get("a"))?.payload).toBe("2");
  });

  test("an end is done in the far store, and says that a copy may still be served", async () => {
    const { near, far, store, plant } = setUp();
    await plant("a", "old", "ann");
    await plant("b", "old", "ann");
    near.fail(["get", "create", "update"]);
    await expect(store.delete("a")).rejects.toThrow("injected");
    await expect(store.deleteAll("ann")).rejects.toThrow("injected");
    expect([await far.store.get("a"), await far.store.get("b")]).toEqual([null, null]);
  });

  test("what somebody else has put there is no copy, and is replaced", async () => {
    const { near, store, record, plant } = setUp();
    for (const payload of ["", "{}", "copy ", "copy x\ny", "copy null\n", "copy [1]\n"]) {
      const key = `key of ${payload}`;
      await near.store.create(key, record(payload));
      await plant(key, "ours");
      expect((await store.get(key))?.payload).toBe("ours");
      expect((await store.get(key))?.payload).toBe("ours");
    }
    expect(store.stats().hits).toBe(6);
  });
});

describe("what it can do", () => {
  test("is what the far store can do, in types and at run time", () => {
    const clock = fakeClock();
    const full = cachedStore(memoryStore({ clock }), memoryStore({ clock }), { clock });
    const plain = cachedStore(memoryStore({ clock }), fiveVerbs(memoryStore({ clock })), { clock });
    expectTypeOf(full).toExtend<UserStore & ScanStore & WatchStore>();
    expectTypeOf(plain).not.toHaveProperty("deleteAll");
    expectTypeOf(plain).not.toHaveProperty("watch");
    const optional = ["epoch", "admit", "list", "deleteAll", "scan", "clear", "deleteExpired", "watch", "health"];
    expect(optional.filter((verb) => verb in full)).toEqual(optional);
    expect(optional.filter((verb) => verb in plain)).toEqual([]);
    expect(plain.name).toBe("memory behind memory");
  });

  test("stats() counts what the near store answered", async () => {
    const { store, plant } = setUp();
    expect(store.stats()).toEqual({ hits: 0, misses: 0, hitRate: 0 });
    await plant("a");
    for (let turn = 0; turn < 4; turn++) await store.get("a");
    expect(store.stats()).toEqual({ hits: 3, misses: 1, hitRate: 0.75 });
  });

  test("the near store holds no user, so none of its own rules apply", async () => {
    const { near, store, plant } = setUp();
    await plant("a", "old", "ann");
    expect((await store.get("a"))?.userId).toBe("ann");
    expect(await near.store.list("ann")).toEqual({ items: [] });
  });

  test("close() closes both, and ends the watch of the far store", async () => {
    const { near, far, store, plant } = setUp();
    await plant("a");
    await store.get("a");
    await store.close();
    await store.close();
    expect([near.calls.close, far.calls.close]).toEqual([1, 1]);
    await expect(store.get("a")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  });

  test.each([
    ["maxStaleness", { maxStaleness: 0 }],
    ["maxStaleness", { maxStaleness: Number.NaN }],
    ["maxStaleness", { maxStaleness: 60_001 }],
    ["longestRequest", { longestRequest: 4999 }],
    ["longestRequest", { longestRequest: 3_600_001 }],
  ])("a wrong %s is refused", (option, options) => {
    expect(() => cachedStore(memoryStore(), memoryStore(), options)).toThrow(`Option "${option}"`);
  });

  test("a near store without compare-and-set, or one that is the far one, is refused", () => {
    const store = memoryStore();
    expect(() => cachedStore(store, store)).toThrow('Option "near"');
    expect(() => cachedStore({ ...fiveVerbs(store), consistency: "none" }, memoryStore())).toThrow('Option "near"');
  });
});
