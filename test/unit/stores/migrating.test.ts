import { describe, expect, expectTypeOf, test } from "vitest";
import { createSessions } from "../../../src/index.ts";
import type { SessionRecord } from "../../../src/record.ts";
import { type MemcachedStore, memcachedStore } from "../../../src/stores/memcached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { type MigrationProgress, migratingStore } from "../../../src/stores/migrating.ts";
import type { HealthStore, ScanStore, Store, UserStore, WatchStore } from "../../../src/stores/store.ts";
import { fakeClock, instrumentedStore } from "../../../src/testing/index.ts";
import { fiveVerbs } from "../../support/five-verbs.ts";

function setUp() {
  const clock = fakeClock();
  const from = instrumentedStore(memoryStore({ clock }));
  const to = instrumentedStore(memoryStore({ clock }));
  const store = migratingStore(from.store, to.store, { clock });
  const record = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
    payload: "old",
    createdAt: clock(),
    seenAt: clock(),
    expiresAt: clock() + 3_600_000,
    ...changes,
  });
  const plant = async (count: number, changes?: Partial<SessionRecord>) => {
    for (let at = 0; at < count; at++) await from.store.create(`k${at}`, record(changes));
    from.resetCalls();
  };
  return { clock, from, to, store, record, plant };
}

async function all(steps: AsyncGenerator<MigrationProgress>): Promise<MigrationProgress[]> {
  const found = [];
  for await (const step of steps) found.push(step);
  return found;
}

describe("what is used", () => {
  test("moves when it is read, and costs one call from then on", async () => {
    const { from, to, store, plant, record } = setUp();
    await plant(1, { userId: "ann" });
    const moved = await store.get("k0");
    expect(moved).toMatchObject(record({ userId: "ann" }));
    expect([from.store.size, await from.store.get("k0"), (await to.store.get("k0"))?.userId]).toEqual([1, null, "ann"]);
    from.resetCalls();
    to.resetCalls();
    expect(await store.get("k0")).toEqual(moved);
    expect([from.total, to.total]).toEqual([0, 1]);
  });

  test("a move is nine calls, an unknown session three, a new one two, a logout four", async () => {
    const { clock, from, to, store, plant } = setUp();
    await plant(1);
    const cost = async (work: () => Promise<unknown>) => {
      from.resetCalls();
      to.resetCalls();
      await work();
      return from.total + to.total;
    };
    expect(await cost(() => store.get("k0"))).toBe(9);
    expect(await cost(() => store.get("unknown"))).toBe(3);
    const times = { createdAt: clock(), seenAt: clock(), expiresAt: clock() + 1000 };
    expect(await cost(() => store.create("new", { payload: "", ...times }))).toBe(2);
    expect(await cost(() => store.delete("new"))).toBe(4);
  });

  test("keeps its times: a move is no use", async () => {
    const { clock, store, plant } = setUp();
    await plant(1);
    const { seenAt, expiresAt } = { seenAt: clock(), expiresAt: clock() + 3_600_000 };
    clock.advance(60_000);
    expect(await store.get("k0")).toMatchObject({ seenAt, expiresAt });
    clock.advance(3_540_000);
    expect(await store.get("k0")).toBeNull();
  });

  test("works from the old store while the new one refuses it", async () => {
    const { to, store, plant, record } = setUp();
    await plant(1);
    to.fail("create", { error: new Error("too large") });
    const found = await store.get("k0");
    expect(found?.payload).toBe("old");
    expect((await store.update("k0", record({ payload: "new" }), found?.version ?? 0)).status).toBe("ok");
    expect((await store.get("k0"))?.payload).toBe("new");
    const [last] = await all(store.migrate());
    expect(last).toMatchObject({ scanned: 1, moved: 0, left: 1, done: false, reason: new Error("too large") });
    to.restore();
    expect((await all(store.migrate())).at(-1)).toMatchObject({ moved: 1, left: 0, done: true });
    expect((await store.get("k0"))?.payload).toBe("new");
  });

  test("an update that read it before the move is a conflict that carries it", async () => {
    const { clock, from, to, store, plant, record } = setUp();
    await plant(1);
    const staying = migratingStore(from.store, to.store, { clock, moves: false });
    const before = await staying.get("k0");
    await store.get("k0");
    const late = await staying.update("k0", record({ payload: "late" }), before?.version ?? 0);
    expect(late).toMatchObject({ status: "conflict", current: { payload: "old" } });
    if (late.status !== "conflict") return;
    expect((await staying.update("k0", record({ payload: "late" }), late.current.version)).status).toBe("ok");
  });

  test("versions of the two stores are never taken for one another", async () => {
    const { clock, from, to, store, record } = setUp();
    const staying = migratingStore(from.store, to.store, { clock, moves: false });
    const [old, young] = [await staying.create("a", record()), await store.create("b", record())];
    expect([old, young]).toEqual(["from:n1", "to:n1"]);
    expect((await store.update("b", record(), old ?? 0)).status).toBe("conflict");
    for (const version of [1, "1", "to:", "to:s1", "x:n1", ""]) {
      expect((await store.update("b", record(), version)).status).toBe("conflict");
      expect((await store.update("none", record(), version)).status).toBe("gone");
    }
  });

  test("a payload that looks like a mark is a payload", async () => {
    const { store, record } = setUp();
    for (const payload of ["~sojourn-migration ", "~sojourn-migration x\n", '~sojourn-migration ["other"]\n']) {
      await store.create(payload, record({ payload }));
      expect((await store.get(payload))?.payload).toBe(payload);
    }
  });
});

describe("pages", () => {
  test.each([0, -1, Number.NaN, 0.5])("list() and scan() give one session for a limit of %d", async (limit) => {
    const { store, plant } = setUp();
    await plant(2, { userId: "ann" });
    const listed = await store.list("ann", { limit });
    const scanned = await store.scan({ limit });
    expect([listed.items.length, scanned.items.length]).toEqual([1, 1]);
    expect((await store.list("ann", { limit, cursor: listed.cursor })).items[0]?.key).toBe("k1");
  });

  test("bulk verbs refuse a limit that is none, before anything has ended", async () => {
    const { store, plant } = setUp();
    await plant(1, { userId: "ann" });
    for (const limit of [0, Number.NaN]) {
      await expect(store.deleteAll("ann", { limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      await expect(store.clear({ limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    }
    expect((await store.list("ann")).items).toHaveLength(1);
  });
});

describe("the limit of sessions", () => {
  test("counts and evicts over both stores", async () => {
    const { clock, from, to, store, plant, record } = setUp();
    await plant(3, { userId: "ann" });
    const login = (key: string, through: UserStore, onLimit?: "reject") =>
      through
        .epoch("ann")
        .then((epoch) =>
          through.admit(key, { ...record({ createdAt: clock() + 1 }), userId: "ann" }, { epoch, limit: 3, onLimit }),
        );
    expect((await login("new", store, "reject")).status).toBe("limit");
    expect(await login("new", store)).toMatchObject({ status: "ok", evicted: ["k0"] });
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["k1", "k2", "new"]);

    const staying = migratingStore(from.store, to.store, { clock, moves: false });
    expect((await login("newer", staying, "reject")).status).toBe("limit");
    expect(await login("newer", staying)).toMatchObject({ status: "ok", evicted: ["k1"] });
    expect((await staying.list("ann")).items.map(({ key }) => key)).toEqual(["k2", "new", "newer"]);
  });
});

describe("migrate()", () => {
  test("moves what is there in bounded steps, and says how far it is", async () => {
    const { from, to, store, plant } = setUp();
    await plant(25);
    const steps = await all(store.migrate({ batch: 10 }));
    expect(steps).toMatchObject([
      { scanned: 10, moved: 10, skipped: 0, left: 0, done: false, cursor: expect.any(String) },
      { scanned: 20, moved: 20, done: false },
      { scanned: 25, moved: 25, done: true },
    ]);
    expect(steps.at(-1)?.cursor).toBeUndefined();
    expect((await from.store.scan()).items).toEqual([]);
    expect((await to.store.scan({ limit: 100 })).items.map(({ record }) => record.payload)).toEqual(
      Array.from({ length: 25 }, () => "old"),
    );
    expect(await all(store.migrate())).toEqual([{ scanned: 0, moved: 0, skipped: 0, left: 0, done: true }]);
  });

  test("goes on from a cursor, and from the beginning", async () => {
    const { store, plant } = setUp();
    await plant(30);
    const first = await store.migrate({ batch: 10 }).next();
    const cursor = (first.value as MigrationProgress).cursor;
    const second = await all(store.migrate({ batch: 15, cursor }));
    expect(second.at(-1)).toMatchObject({ scanned: 20, moved: 20, done: true });
    expect((await all(store.migrate())).at(-1)).toMatchObject({ scanned: 0, done: true });
  });

  test("is stopped by its signal after a step", async () => {
    const { from, store, plant } = setUp();
    await plant(30);
    const stopping = new AbortController();
    const steps = [];
    for await (const step of store.migrate({ batch: 10, signal: stopping.signal })) {
      steps.push(step);
      if (steps.length === 2) stopping.abort();
    }
    expect(steps.at(-1)).toMatchObject({ moved: 20, done: false });
    expect((await from.store.scan()).items).toHaveLength(10);
  });

  test("two walks at once and readers move each session once", async () => {
    const { clock, from, to, store, plant } = setUp();
    await plant(40);
    const other = migratingStore(from.store, to.store, { clock });
    const reading = Promise.all(Array.from({ length: 40 }, (_, at) => store.get(`k${at}`)));
    const walks = await Promise.all([all(store.migrate({ batch: 7 })), all(other.migrate({ batch: 9 }))]);
    expect((await reading).every((record) => record?.payload === "old")).toBe(true);
    expect(walks.flat().every(({ left }) => left === 0)).toBe(true);
    expect((await all(store.migrate())).at(-1)).toMatchObject({ done: true });
    expect((await to.store.scan({ limit: 100 })).items).toHaveLength(40);
  });

  test("is not done while the old store gets new sessions", async () => {
    const { clock, from, to, store, plant, record } = setUp();
    await plant(1);
    const staying = migratingStore(from.store, to.store, { clock, moves: false });
    const gate = from.hold("update", { when: "after" });
    const walk = all(store.migrate());
    await gate.reached;
    await staying.create("late", record());
    gate.release();
    expect((await walk).at(-1)).toMatchObject({ moved: 1, done: false });
    expect((await all(store.migrate())).at(-1)).toMatchObject({ moved: 1, done: true });
  });

  test("rejects with the store's own error, and goes on later", async () => {
    const { to, store, plant } = setUp();
    await plant(5);
    to.fail("get", { error: new Error("down") });
    await expect(all(store.migrate())).rejects.toThrow("down");
    to.restore();
    expect((await all(store.migrate())).at(-1)).toMatchObject({ moved: 5, done: true });
  });

  test("needs a store that moves", async () => {
    const { clock, from, to } = setUp();
    const moves = false as boolean;
    const staying = migratingStore(from.store, to.store, { clock, moves });
    await expect(all(staying.migrate())).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
  });
});

describe("back again", () => {
  test("every session survives the way there, a change of mind, and the way back", async () => {
    const { clock, from, to, plant, record } = setUp();
    await plant(20, { userId: "ann" });
    const there = migratingStore(from.store, to.store, { clock });
    for (let at = 0; at < 10; at++) await there.get(`k${at}`);
    await there.create("new", record());
    const between = migratingStore(from.store, to.store, { clock, moves: false });
    expect(await between.delete("k0")).toBe(true);
    const back = migratingStore(to.store, from.store, { clock });
    expect((await all(back.migrate())).at(-1)).toMatchObject({ moved: 10, done: true });
    expect((await to.store.scan()).items).toEqual([]);
    expect((await from.store.list("ann")).items).toHaveLength(19);
    expect((await from.store.get("new"))?.payload).toBe("old");
    expect(await from.store.get("k0")).toBeNull();
  });
});

describe("through the core", () => {
  test("a login survives every step, and a logout in any of them is one", async () => {
    const { clock, from, to } = setUp();
    const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
    const open = (store: Store & UserStore) => createSessions<{ count?: number }>({ store, secrets, clock });
    const steps = [
      open(from.store),
      open(migratingStore(from.store, to.store, { clock, moves: false })),
      open(migratingStore(from.store, to.store, { clock })),
      open(to.store),
    ] as const;
    const login = async () => {
      const answer = await steps[0].handle(new Request("https://app.example/"), async (session) => {
        await session.login("ann");
        return new Response();
      });
      return answer.headers.getSetCookie().map((line) => line.slice(0, line.indexOf(";")));
    };
    const cookies = await Promise.all(Array.from({ length: 8 }, login));
    const request = (at: number) =>
      new Request("https://app.example/", { headers: { cookie: (cookies[at] ?? []).join("; ") } });
    for (const [turn, sessions] of steps.entries()) {
      for (let at = turn * 2; at < 8; at++) {
        await sessions.handle(request(at), async (session) => {
          expect(session.userId).toBe("ann");
          await session.update((data) => {
            data.count = (data.count ?? 0) + 1;
          });
          expect(session.data.count).toBe(turn + 1);
          return new Response();
        });
      }
      await (await sessions.open(request(turn * 2))).logout();
      await (await sessions.open(request(turn * 2 + 1))).logout();
      for (const later of steps.slice(turn)) {
        for (const at of [turn * 2, turn * 2 + 1]) expect((await later.open(request(at))).userId).toBeUndefined();
      }
      if (turn === 2) await all(migratingStore(from.store, to.store, { clock }).migrate());
    }
  });
});

describe("what it can do", () => {
  test("is what both can do, and migrate when the old one can be walked through", () => {
    const clock = fakeClock();
    const memory = () => memoryStore({ clock });
    const full = migratingStore(memory(), memory(), { clock });
    expectTypeOf(full).toExtend<UserStore & ScanStore & WatchStore & HealthStore>();
    expectTypeOf(full).toHaveProperty("migrate");
    expectTypeOf(migratingStore(memory(), memory(), { clock, moves: false })).not.toHaveProperty("migrate");
    type FromMemcached = ReturnType<typeof migratingStore<MemcachedStore, ReturnType<typeof memory>>>;
    expectTypeOf<FromMemcached>().not.toHaveProperty("migrate");
    expectTypeOf<FromMemcached>().not.toHaveProperty("list");
    const deaf: Omit<ReturnType<typeof memory>, "watch"> = new Proxy(memory(), {
      has: (target, name) => name !== "watch" && name in target,
    });
    const silent = migratingStore(memory(), deaf, { clock });
    expectTypeOf(silent).toExtend<UserStore & ScanStore>();
    expectTypeOf(silent).not.toHaveProperty("watch");
    expect(["watch" in full, "watch" in silent, "migrate" in silent, "deleteExpired" in full]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test("a store without compare-and-set, twice the same, or a wrong option is refused", () => {
    const store = memoryStore();
    const weak = { ...fiveVerbs(store), consistency: "insert-update" as const };
    expect(() => migratingStore(store, store)).toThrow('Option "to"');
    expect(() => migratingStore(weak, store)).toThrow('Option "from"');
    expect(() => migratingStore(store, weak)).toThrow('Option "to"');
    expect(() => migratingStore(store, memoryStore(), { moves: "yes" as never })).toThrow('Option "moves"');
    expect(memcachedStore).toBeTypeOf("function");
  });
});

describe("ending all others", () => {
  test("two devices, one in each store, in two processes: exactly one is left, and is told so", async () => {
    for (let round = 0; round < 20; round++) {
      const clock = fakeClock();
      const [from, to] = [memoryStore({ clock }), memoryStore({ clock })];
      const times = { createdAt: clock(), seenAt: clock(), expiresAt: clock() + 3_600_000 };
      for (const [store, key] of [[from, "old"] as const, [to, "new"] as const])
        await store.create(key, { payload: "a", userId: "ann", ...times });
      // Neither device's session moves in the first step of a roll-out; in the second they do.
      const moves = round % 2 === 1;
      const processes = ["old", "new"].map((except) => ({ except, store: migratingStore(from, to, { clock, moves }) }));
      const answers = await Promise.all(processes.map(({ except, store }) => store.deleteAll("ann", { except })));
      const left = (await migratingStore(from, to, { clock, moves }).list("ann")).items.map(({ key }) => key);
      expect(left).toEqual(processes.flatMap(({ except }, index) => (answers[index] === null ? [] : [except])));
      expect(left).toHaveLength(1);
      // Nothing is left behind but the session.
      expect([(await from.scan()).items.length, (await to.scan()).items.length].sort()).toEqual([0, 1]);
    }
  });

  test("the turn of a process that died is over after some seconds", async () => {
    const clock = fakeClock();
    const [from, to] = [memoryStore({ clock }), memoryStore({ clock })];
    const times = { createdAt: clock(), seenAt: clock(), expiresAt: clock() + 3_600_000 };
    await from.create("mine", { payload: "a", userId: "ann", ...times });
    const dying = instrumentedStore(to);
    dying.hang("deleteAll");
    void migratingStore(from, dying.store, { clock, moves: false }).deleteAll("ann", { except: "mine" });
    await expect.poll(() => dying.calls.deleteAll).toBe(1);
    clock.advance(5000);
    expect(await migratingStore(from, to, { clock, moves: false }).deleteAll("ann", { except: "mine" })).toEqual([]);
  });
});
