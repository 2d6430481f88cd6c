import { describe, expect, expectTypeOf, test } from "vitest";
import { cachedStore } from "../../../src/stores/cached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { ScanStore, UserStore, WatchStore } from "../../../src/stores/store.ts";
import { fakeClock } from "../../../src/testing/index.ts";
import { fiveVerbs } from "../../support/five-verbs.ts";
import { BOUND, setUp } from "./cached-pair.ts";

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

  test("what was written here and is too large for the near store is read from the far one, not as it was before", async () => {
    const { clock, record } = setUp();
    const store = cachedStore(memoryStore({ clock, maxBytes: 1000 }), memoryStore({ clock }), { clock });
    const version = await store.create("a", record("small"));
    expect((await store.get("a"))?.payload).toBe("small");
    expect((await store.update("a", record("large".repeat(400)), version ?? "")).status).toBe("ok");
    expect((await store.get("a"))?.payload).toBe("large".repeat(400));
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
