import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/stores/memory.ts";
import { isScanStore, isUserStore, isWatchStore } from "../../../src/stores/store.ts";
import { fakeClock, instrumentedStore } from "../../../src/testing/index.ts";

const clock = fakeClock();
const record = { payload: "a", createdAt: clock(), seenAt: clock(), expiresAt: clock() + 60_000 };

async function withOne() {
  const instrument = instrumentedStore(memoryStore({ clock }));
  const version = (await instrument.store.create("k", record)) ?? "";
  instrument.resetCalls();
  return { ...instrument, instrument, version };
}

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe("instrumentedStore()", () => {
  it("passes calls through, keeps the inner store's interfaces, and counts", async () => {
    const { store, instrument } = await withOne();
    expect([isUserStore(store), isScanStore(store), isWatchStore(store), store.name]).toEqual([
      true,
      true,
      true,
      "memory",
    ]);
    expect((await store.get("k"))?.payload).toBe("a");
    await store.get("other");
    await store.list("ann");
    expect(instrument.calls).toMatchObject({ get: 2, list: 1, update: 0, create: 0 });
    expect(instrument.total).toBe(3);
    expect(store.size).toBe(1);
  });

  it("hold() before: the store has not seen the call", async () => {
    const { store, hold, version } = await withOne();
    const gate = hold("update");
    const write = store.update("k", { ...record, payload: "b" }, version);
    await gate.reached;
    expect((await store.get("k"))?.payload).toBe("a");
    expect(await store.delete("k")).toBe(true);
    gate.release();
    expect(await write).toEqual({ status: "gone" });
  });

  it("hold() after: the store has done it, the answer is on its way", async () => {
    const { store, hold, version } = await withOne();
    const gate = hold("update", { when: "after" });
    const write = store.update("k", { ...record, payload: "b" }, version);
    await gate.reached;
    expect((await store.get("k"))?.payload).toBe("b");
    expect(await settled(write)).toBe(false);
    gate.release();
    expect(await write).toMatchObject({ status: "ok" });
  });

  it("hold() holds one call, of the key that it is told", async () => {
    const { store, hold } = await withOne();
    const gate = hold("get", { key: "k" });
    expect(await store.get("other")).toBeNull();
    const first = store.get("k");
    await gate.reached;
    expect((await store.get("k"))?.payload).toBe("a");
    expect(await settled(first)).toBe(false);
    gate.release();
    expect((await first)?.payload).toBe("a");
  });

  it("two gates of one verb hold two calls, released in any order", async () => {
    const { store, hold } = await withOne();
    const [one, two] = [hold("touch"), hold("touch")];
    const first = store.touch("k", 1, clock() + 70_000);
    const second = store.touch("k", 2, clock() + 80_000);
    await Promise.all([one.reached, two.reached]);
    two.release();
    expect(await second).toBe(true);
    expect(await settled(first)).toBe(false);
    one.release();
    expect(await first).toBe(true);
  });

  it("a gate that is released early lets the call through", async () => {
    const { store, hold } = await withOne();
    const gate = hold("get");
    gate.release();
    expect((await store.get("k"))?.payload).toBe("a");
  });

  it("gate.fail() after the store has done it is a lost answer", async () => {
    const { store, hold, version } = await withOne();
    const gate = hold("update", { when: "after" });
    const write = store.update("k", { ...record, payload: "b" }, version);
    await gate.reached;
    gate.fail(new Error("connection reset"));
    await expect(write).rejects.toThrow("connection reset");
    expect((await store.get("k"))?.payload).toBe("b");
  });

  it("fail() before leaves the store alone, after does not", async () => {
    const { store, fail, restore } = await withOne();
    fail(["delete", "create"], { error: new Error("down") });
    await expect(store.delete("k")).rejects.toThrow("down");
    await expect(store.create("l", record)).rejects.toThrow("down");
    expect(await store.get("l")).toBeNull();
    restore();
    fail("delete", { when: "after" });
    await expect(store.delete("k")).rejects.toThrow("injected failure");
    expect(await store.get("k")).toBeNull();
  });

  it("fail() so many times, then the store is back", async () => {
    const { store, fail, instrument } = await withOne();
    fail("get", { times: 2 });
    await expect(store.get("k")).rejects.toThrow();
    await expect(store.get("k")).rejects.toThrow();
    expect((await store.get("k"))?.payload).toBe("a");
    expect(instrument.calls.get).toBe(3);
  });

  it("hang() answers nothing until restore()", async () => {
    const { store, hang, restore } = await withOne();
    hang("get");
    const reads = [store.get("k"), store.get("k")];
    expect(await settled(Promise.race(reads))).toBe(false);
    restore();
    expect((await Promise.all(reads)).map((found) => found?.payload)).toEqual(["a", "a"]);
  });

  it("restore() lets go what stands at a gate", async () => {
    const { store, hold, restore } = await withOne();
    const gate = hold("delete");
    const end = store.delete("k");
    await gate.reached;
    restore();
    expect(await end).toBe(true);
  });
});

describe("fakeClock()", () => {
  it("stands still until it is moved", () => {
    const time = fakeClock(1000);
    expect([time(), time()]).toEqual([1000, 1000]);
    expect(time.advance(500)).toBe(1500);
    expect(time.advance(-1000)).toBe(500);
    expect(time.set(42)).toBe(42);
    expect(time()).toBe(42);
  });
});
