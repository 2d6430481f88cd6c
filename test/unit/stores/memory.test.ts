import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { isSessionError } from "../../../src/errors.ts";
import type { SessionRecord } from "../../../src/record.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { fakeClock } from "../../../src/testing/index.ts";

const clock = fakeClock();

function record(changes: Partial<SessionRecord> = {}): SessionRecord {
  return { payload: "a", createdAt: clock(), seenAt: clock(), expiresAt: clock() + 60_000, ...changes };
}

/** A store, and the keys that `watch` told of. */
function watched(options: Parameters<typeof memoryStore>[0]) {
  const store = memoryStore({ clock, ...options });
  const ended: string[] = [];
  store.watch((key) => ended.push(key));
  return { store, ended };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("memoryStore() options", () => {
  it.each([
    { maxSessions: 0 },
    { maxSessions: 1.5 },
    { maxSessions: Number.POSITIVE_INFINITY },
    { maxBytes: -1 },
    { maxBytes: Number.NaN },
    { clock: 1 as unknown as () => number },
  ])("refuses %o and names it", (options) => {
    const [name] = Object.keys(options);
    expect(() => memoryStore(options)).toThrow(`Option "${name}"`);
  });
});

describe("memoryStore() at maxSessions", () => {
  it("ends the session used the longest ago, and watch() tells so", async () => {
    const { store, ended } = watched({ maxSessions: 3 });
    for (const key of ["a", "b", "c"]) await store.create(key, record());
    await store.create("d", record());
    expect(ended).toEqual(["a"]);
    expect(await store.get("a")).toBeNull();
    expect(store.size).toBe(3);
  });

  it("ends those of visitors before those of users, so that a flood of visitors logs nobody out", async () => {
    const { store, ended } = watched({ maxSessions: 4 });
    const version = (await store.create("ann", record())) ?? "";
    await store.create("bob", record({ userId: "bob" }));
    await store.create("visitor", record());
    await store.update("ann", record({ userId: "ann" }), version);
    for (let n = 1; n <= 5; n++) await store.create(`flood-${n}`, record());
    expect(ended).toEqual(["visitor", "flood-1", "flood-2", "flood-3"]);
    // Without a visitor it is the user who was away the longest; one who has logged out is a visitor again.
    for (const key of ["cid", "dan", "eve"]) await store.create(key, record({ userId: key }));
    expect(ended.slice(4)).toEqual(["flood-4", "flood-5", "bob"]);
    await store.create("newest", record());
    expect(ended.slice(7)).toEqual(["ann"]);
    expect(await store.get("newest")).not.toBeNull();
    const current = await store.get("eve");
    await store.update("eve", record(), current?.version ?? "");
    await store.create("flood-6", record());
    await store.create("flood-7", record());
    expect(ended.slice(8)).toEqual(["newest", "eve"]);
  });

  it.each(["get", "update", "touch"] as const)("counts %s() as use", async (verb) => {
    const { store, ended } = watched({ maxSessions: 3 });
    const version = (await store.create("a", record())) ?? "";
    for (const key of ["b", "c"]) await store.create(key, record());
    if (verb === "get") await store.get("a");
    else if (verb === "update") await store.update("a", record(), version);
    else await store.touch("a", clock(), clock() + 70_000);
    for (const key of ["d", "e", "f"]) await store.create(key, record());
    expect(ended).toEqual(["b", "c", "a"]);
  });

  it("does not count what found nothing, or a conflict, as use", async () => {
    const { store, ended } = watched({ maxSessions: 2 });
    await store.create("a", record());
    await store.create("b", record());
    await store.update("a", record(), "no such version");
    await store.list("ann");
    await store.create("c", record());
    expect(ended).toEqual(["a"]);
  });

  it("drops what expired before it ends anything that lives, and does not tell of that", async () => {
    const { store, ended } = watched({ maxSessions: 3 });
    await store.create("old", record());
    await store.create("short", record({ expiresAt: clock() + 10 }));
    await store.create("new", record());
    clock.advance(10);
    await store.create("more", record());
    expect(ended).toEqual([]);
    expect((await store.scan()).items.map(({ key }) => key).sort()).toEqual(["more", "new", "old"]);
  });

  it("takes an ended session out of its user's listing", async () => {
    const { store } = watched({ maxSessions: 2 });
    await store.create("a", record({ userId: "ann" }));
    await store.create("b", record({ userId: "ann" }));
    const admitted = await store.admit("c", { ...record(), userId: "ann" }, { epoch: await store.epoch("ann") });
    expect(admitted).toMatchObject({ status: "ok", evicted: [] });
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["b", "c"]);
  });

  it("holds one session when that is all it may", async () => {
    const { store, ended } = watched({ maxSessions: 1 });
    for (const key of ["a", "b", "c"]) await store.create(key, record());
    expect(ended).toEqual(["a", "b"]);
    expect(await store.get("c")).not.toBeNull();
  });
});

describe("memoryStore() at maxBytes", () => {
  it("ends sessions until a new one fits", async () => {
    const { store, ended } = watched({ maxBytes: 3000 });
    for (const key of ["a", "b", "c"]) await store.create(key, record({ payload: "x".repeat(600) }));
    expect(ended).toEqual([]);
    await store.create("d", record({ payload: "x".repeat(1500) }));
    expect(ended).toEqual(["a", "b"]);
    expect(store.bytes).toBeLessThanOrEqual(3000);
  });

  it("ends others when an update grows, never the one that was written", async () => {
    const { store, ended } = watched({ maxBytes: 3000 });
    for (const key of ["a", "b"]) await store.create(key, record());
    const { version = "" } = (await store.get("a")) ?? {};
    await store.update("a", record({ payload: "x".repeat(2700) }), version);
    expect(ended).toEqual(["b"]);
    expect((await store.get("a"))?.payload).toHaveLength(2700);
  });

  it("counts two bytes a character outside of Latin-1", async () => {
    const { store } = watched({});
    await store.create("a", record({ payload: "x".repeat(1000) }));
    const narrow = store.bytes;
    await store.create("b", record({ payload: "€".repeat(1000) }));
    expect(store.bytes - narrow).toBe(narrow + 1000);
  });

  it("refuses a record that is too large by itself, and ends nothing for it", async () => {
    const { store, ended } = watched({ maxBytes: 1000 });
    await store.create("a", record());
    const large = record({ payload: "secret".repeat(1000), userId: "ann" });
    const failures = [
      store.create("b", large),
      store.update("a", large, (await store.get("a"))?.version ?? ""),
      store.admit("c", { ...large, userId: "ann" }, { epoch: await store.epoch("ann") }),
    ];
    for (const failure of failures) {
      const error = await failure.catch((caught: unknown) => caught);
      expect(isSessionError(error, "SOJOURN_STORE_UNAVAILABLE")).toBe(true);
      expect(String(error)).toContain("maxBytes: 1000");
      expect(String(error)).not.toContain("secret");
    }
    expect(ended).toEqual([]);
    expect((await store.get("a"))?.payload).toBe("a");
  });

  it("comes back to nothing held when all are gone", async () => {
    const { store } = watched({});
    for (let index = 0; index < 100; index++) {
      const userId = index % 3 ? "€uro" : undefined;
      await store.create(`k${index}`, record({ userId, payload: "p".repeat(index) }));
    }
    for (let index = 0; index < 100; index += 2) {
      const { version = "" } = (await store.get(`k${index}`)) ?? {};
      await store.update(`k${index}`, record({ payload: "longer", userId: index % 4 ? "bob" : "€uro" }), version);
    }
    await store.deleteAll("€uro");
    await store.delete("k3");
    clock.advance(60_000);
    await store.deleteExpired();
    expect([store.size, store.bytes]).toEqual([0, 0]);
  });
});

describe("memoryStore() and time", () => {
  it("collects by itself, in small steps, on a timer", async () => {
    vi.useFakeTimers();
    const { store, ended } = watched({});
    for (let index = 0; index < 2000; index++) await store.create(`k${index}`, record({ expiresAt: clock() + 10 }));
    await store.create("stays", record());
    clock.advance(10);
    await vi.advanceTimersToNextTimerAsync();
    const afterOne = store.size;
    expect(afterOne).toBeGreaterThan(1000);
    expect(afterOne).toBeLessThan(2001);
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.size).toBe(1);
    expect(ended).toEqual([]);
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has no timer while it is empty, and none of more than a minute", async () => {
    vi.useFakeTimers();
    const delays = vi.spyOn(globalThis, "setTimeout");
    const store = memoryStore({ clock });
    expect(vi.getTimerCount()).toBe(0);
    await store.create("a", record({ expiresAt: clock() + 400 * 86_400_000 }));
    expect(vi.getTimerCount()).toBe(1);
    await store.delete("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(Math.max(...delays.mock.calls.map(([, ms]) => ms ?? 0))).toBeLessThanOrEqual(60_000);
  });

  it("does not keep a process running", () => {
    const script = `
      import { memoryStore } from "./src/stores/memory.ts";
      const store = memoryStore();
      const now = Date.now();
      await store.create("a", { payload: "", createdAt: now, seenAt: now, expiresAt: now + 9e9 });
      process.stdout.write("stored");`;
    const args = ["--import", "tsx", "--input-type=module", "-e", script];
    const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 50_000 });
    expect({ stdout, status, stderr }).toEqual({ stdout: "stored", status: 0, stderr: "" });
  });

  it("deleteExpired() lets other work in between", async () => {
    const { store } = watched({});
    for (let index = 0; index < 3000; index++) await store.create(`k${index}`, record({ expiresAt: clock() + 10 }));
    clock.advance(10);
    const sweep = store.deleteExpired({ limit: 3000 });
    await sleep(0);
    const between = store.size;
    expect(await sweep).toBe(3000);
    expect(between).toBeGreaterThan(0);
  });

  it("deleteExpired() goes on where the timers are a test's, which nobody turns", async () => {
    vi.useFakeTimers();
    const { store } = watched({});
    for (let index = 0; index < 200; index++) await store.create(`k${index}`, record({ expiresAt: clock() + 10 }));
    clock.advance(10);
    expect(await store.deleteExpired()).toBe(200);
    await store.close();
  });

  it("close() ends a sweep that is under way", async () => {
    const { store } = watched({});
    for (let index = 0; index < 3000; index++) await store.create(`k${index}`, record({ expiresAt: clock() + 10 }));
    clock.advance(10);
    const sweep = store.deleteExpired({ limit: 3000 });
    await store.close();
    expect(await sweep).toBeLessThan(3000);
    expect([store.size, store.bytes]).toEqual([0, 0]);
  });
});

describe("memoryStore() watch", () => {
  it("lets a listener call the store", async () => {
    const { store, ended } = watched({});
    store.watch((key) => {
      if (key === "a") void store.delete("b");
    });
    await store.create("a", record());
    await store.create("b", record());
    await store.delete("a");
    expect(ended).toEqual(["a", "b"]);
  });

  it("tells one function that watches twice twice", async () => {
    const store = memoryStore({ clock });
    const heard: string[] = [];
    const listen = (key: string): void => {
      heard.push(key);
    };
    const stop = store.watch(listen);
    store.watch(listen);
    await store.create("a", record());
    await store.create("b", record());
    await store.delete("a");
    stop();
    await store.delete("b");
    expect(heard).toEqual(["a", "a", "b"]);
  });
});

describe("memoryStore() epochs", () => {
  it("forgets a user's revocation after a day, when no login can be that old", async () => {
    const store = memoryStore({ clock });
    const before = await store.epoch("ann");
    await store.deleteAll("ann");
    clock.advance(23 * 3_600_000);
    await store.deleteAll("bob");
    expect(await store.epoch("ann")).not.toBe(before);
    clock.advance(3_600_000);
    await store.deleteAll("bob");
    expect(await store.epoch("ann")).toBe(before);
  });
});

describe("memoryStore() and replace()", () => {
  const tombstone = (): SessionRecord => record({ payload: "replaced" });

  it("puts one record in the place of another, tells of the old one once, and ends nothing else", async () => {
    const { store, ended } = watched({});
    const version = (await store.create("old", record({ userId: "ann" }))) ?? "";
    await store.create("other", record({ userId: "ann" }));
    const result = await store.replace("new", record({ userId: "ann" }), { key: "old", version, record: tombstone() });
    expect(result).toMatchObject({ status: "ok", evicted: [] });
    expect(await store.get("old")).toMatchObject({ payload: "replaced", userId: undefined });
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["new", "other"]);
    expect(ended).toEqual(["old"]);
  });

  it("tells of the old one once also where there is no room for its tombstone", async () => {
    const { store, ended } = watched({ maxSessions: 1 });
    const version = (await store.create("old", record())) ?? "";
    expect(await store.replace("new", record(), { key: "old", version, record: tombstone() })).toMatchObject({
      status: "ok",
    });
    expect(ended).toEqual(["old"]);
    expect(await store.get("old")).toBeNull();
    expect(await store.get("new")).not.toBeNull();
  });

  it("changes nothing when either record is too large", async () => {
    const { store, ended } = watched({ maxBytes: 1000 });
    const version = (await store.create("old", record())) ?? "";
    const large = record({ payload: "x".repeat(1000) });
    await expect(store.replace("new", large, { key: "old", version, record: tombstone() })).rejects.toThrow("maxBytes");
    await expect(store.replace("new", record(), { key: "old", version, record: large })).rejects.toThrow("maxBytes");
    expect(ended).toEqual([]);
    expect(await store.get("old")).toEqual({ ...record(), userId: undefined, version });
    expect(await store.get("new")).toBeNull();
  });
});

describe("memoryStore() and the instant of a revocation", () => {
  const login = (store: ReturnType<typeof memoryStore>, epoch: string, since?: number) =>
    store.admit("k", { ...record(), userId: "ann" }, { epoch, since });

  it("keeps the latest instant, whichever revocation came last and however many", async () => {
    const { store } = watched({});
    await store.deleteAll("ann", { at: 200 });
    await store.clear({ at: 100 });
    await store.deleteAll("ann", { at: 50 });
    const epoch = await store.epoch("ann");
    expect(await login(store, epoch, 199.5)).toEqual({ status: "revoked" });
    expect(await login(store, epoch, 200)).toMatchObject({ status: "ok" });
  });

  it("takes its own clock's instant when it was given none", async () => {
    const { store } = watched({});
    await store.clear();
    const epoch = await store.epoch("ann");
    expect(await login(store, epoch, clock() - 0.5)).toEqual({ status: "revoked" });
    expect(await login(store, epoch, clock())).toMatchObject({ status: "ok" });
  });
});

describe("memoryStore() and health()", () => {
  it("writes a record of its own that ends nobody and leaves nothing, also when the store is full", async () => {
    const { store, ended } = watched({ maxSessions: 1 });
    await store.create("a", record());
    const before = store.bytes;
    expect((await store.health()).latencyMs).toBeGreaterThanOrEqual(0);
    expect([store.size, store.bytes, ended]).toEqual([1, before, []]);
  });
});
