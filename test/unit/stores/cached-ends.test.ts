/** Sessions that end while they are read: no copy survives. */
import { describe, expect, test } from "vitest";
import { cachedStore } from "../../../src/stores/cached.ts";
import type { ScanStore, UserStore } from "../../../src/stores/store.ts";
import { fiveVerbs } from "../../support/five-verbs.ts";
import { BOUND, setUp } from "./cached-pair.ts";

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
