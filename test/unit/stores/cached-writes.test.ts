/** What a cached store shows after a write, and after either of its stores has failed. */
import { describe, expect, test } from "vitest";
import { cachedStore } from "../../../src/stores/cached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { fiveVerbs } from "../../support/five-verbs.ts";
import { BOUND, setUp } from "./cached-pair.ts";

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
    await store.get("a");
    far.resetCalls();
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
