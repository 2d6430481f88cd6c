import { describe, expect, test, vi } from "vitest";
import { cachedStore } from "../../../src/stores/cached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { fiveVerbs } from "../../support/five-verbs.ts";
import { BOUND, setUp } from "./cached-pair.ts";

describe("cachedStore() and replace()", () => {
  test("the old session is read from the far store at once, here and in other processes", async () => {
    const { clock, far, store, record, plant } = setUp();
    const other = cachedStore(memoryStore({ clock }), far.store, { clock });
    const version = await plant("old", "live", "ann");
    for (const each of [store, other]) expect((await each.get("old"))?.payload).toBe("live");
    const tombstone = { ...record("replaced"), expiresAt: clock() + 60_000 };
    const result = await store.replace("new", record("next", "ann"), { key: "old", version, record: tombstone });
    expect(result).toMatchObject({ status: "ok", evicted: [] });
    expect((await store.get("old"))?.payload).toBe("replaced");
    // Without any time passing: it was told.
    await vi.waitFor(async () => expect((await other.get("old"))?.payload).toBe("replaced"));
    far.resetCalls();
    expect((await store.get("new"))?.payload).toBe("next");
    expect(far.calls.get).toBe(0);
  });

  test("watchers in every process are told of the old session", async () => {
    const { clock, far, store, record, plant } = setUp();
    const other = cachedStore(memoryStore({ clock }), far.store, { clock });
    const version = await plant("old", "live", "ann");
    const heard: string[] = [];
    for (const each of [store, other]) each.watch((key) => heard.push(key));
    await store.replace("new", record("next"), { key: "old", version, record: record("replaced") });
    await vi.waitFor(() => expect(heard).toEqual(["old", "old"]));
  });

  test("one that was refused leaves the copy of the old session right", async () => {
    const { store, far, record, plant } = setUp();
    const version = await plant("old", "live", "ann");
    await store.get("old");
    await far.store.update("old", record("winner", "ann"), version);
    const result = await store.replace("new", record("next"), { key: "old", version, record: record("replaced") });
    expect(result).toMatchObject({ status: "conflict", current: { payload: "winner" } });
    expect((await store.get("old"))?.payload).toBe("winner");
    expect(await store.get("new")).toBeNull();
  });

  test("one whose answer was lost leaves no copy of either", async () => {
    const { store, far, record, plant } = setUp();
    const version = await plant("old", "live", "ann");
    await store.get("old");
    far.fail("replace", { when: "after", times: 1 });
    const replaced = { key: "old", version, record: record("replaced") };
    await expect(store.replace("new", record("next"), replaced)).rejects.toThrow("injected");
    expect((await store.get("old"))?.payload).toBe("replaced");
    expect((await store.get("new"))?.payload).toBe("next");
  });

  test("is there when the far store has it", () => {
    const { clock, store } = setUp();
    const without = cachedStore(memoryStore({ clock }), fiveVerbs(memoryStore({ clock })), { clock });
    expect(["replace" in store, "replace" in without]).toEqual([true, false]);
  });
});

describe("cachedStore() and deleteAll() that spares", () => {
  test("a refusal is passed on, and ends no copy", async () => {
    const { store, far, plant } = setUp();
    await plant("mine", "live", "ann");
    await plant("bobs", "live", "bob");
    await store.get("mine");
    far.resetCalls();
    expect(await store.deleteAll("ann", { except: "bobs" })).toBeNull();
    expect((await store.get("mine"))?.payload).toBe("live");
    expect(far.calls.get).toBe(0);
  });
});

describe("cachedStore() and times that never move back", () => {
  test("a write that was prepared before a touch is read back with the times of the touch, as in the far store", async () => {
    const { clock, store, far, record, plant } = setUp();
    const version = await plant("k");
    await store.get("k");
    const [early, later] = [record("written"), clock() + 9_000_000];
    await store.touch("k", clock() + 2000, later);
    await store.update("k", early, version);
    far.resetCalls();
    const found = await store.get("k");
    expect(found).toMatchObject({ payload: "written", seenAt: clock() + 2000, expiresAt: later });
    expect(far.calls.get).toBe(0);
    expect(await far.store.get("k")).toEqual(found);
  });

  test("and a write does not make a copy any younger", async () => {
    const { clock, store, far, record, plant } = setUp();
    const version = await plant("k");
    await store.get("k");
    clock.advance(BOUND - 1);
    await far.store.touch("k", clock(), clock() + 9_000_000);
    await store.update("k", record("written"), version);
    clock.advance(1);
    expect(await store.get("k")).toEqual(await far.store.get("k"));
  });
});
