/** What the contract cannot see of the stores on Cloudflare's platform: places that see old values, tables, rounds and mistakes. */
import { afterAll, describe, expect, test, vi } from "vitest";
import { run } from "../../src/cli/run.ts";
import type { D1Binding, KvBinding, ObjectBinding } from "../../src/stores/cloudflare.ts";
import { d1Store, durableObjectStore, kvStore } from "../../src/stores/cloudflare.ts";
import type { UserStore } from "../../src/stores/store.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { startWorker } from "../support/cloudflare/miniflare.ts";
import { cloudflareStatements, MADE_AT } from "../support/release-0-1-0.ts";

const worker = await startWorker();
afterAll(() => worker.close());

const HOUR = 3_600_000;
const clock = fakeClock();
const record = (changes: { userId?: string; payload?: string; expiresAt?: number } = {}) => ({
  payload: "{}",
  createdAt: clock(),
  seenAt: clock(),
  expiresAt: clock() + HOUR,
  ...changes,
});

interface KvPlace extends KvBinding {
  /** Drops the copies, as a place does after `cacheTtl`. */
  refresh(): void;
  readonly puts: { name: string; expirationTtl: number | undefined }[];
}

/** A place that goes on answering what it once read, that nothing is there too, but for what was written there. */
function kvPlace(namespace: KvBinding): KvPlace {
  const copies = new Map<string, string | null>();
  const puts: KvPlace["puts"] = [];
  return {
    puts,
    refresh: () => copies.clear(),
    async get(name, options) {
      if (!copies.has(name)) copies.set(name, await namespace.get(name, options));
      return copies.get(name) ?? null;
    },
    async put(name, value, options) {
      puts.push({ name, expirationTtl: options?.expirationTtl });
      await namespace.put(name, value, options);
      copies.set(name, value);
    },
    async delete(name) {
      await namespace.delete(name);
      copies.set(name, null);
    },
  };
}

describe("kvStore() over places that see old values", async () => {
  const namespace = await worker.kv();

  test("a late write of another place does not bring a session back", async () => {
    const [here, there] = [kvPlace(namespace), kvPlace(namespace)];
    const [paris, tokyo] = [kvStore(here, { clock }), kvStore(there, { clock })];
    await paris.create("late", record());
    const seen = await tokyo.get("late");
    expect(await paris.delete("late")).toBe(true);
    // Tokyo has not heard of it, and writes the whole record again.
    const written = await tokyo.update("late", record({ payload: "late" }), seen?.version ?? "");
    expect(written.status).toBe("ok");
    expect(await tokyo.touch("late", clock(), clock() + 2 * HOUR)).toBe(true);
    expect(await namespace.get("sojourn:late")).toContain("late");
    for (const place of [here, there]) place.refresh();
    expect([await paris.get("late"), await tokyo.get("late")]).toEqual([null, null]);
    expect(await tokyo.touch("late", clock(), clock() + 3 * HOUR)).toBe(false);
  });

  test("a session is ended from a place that does not know it yet", async () => {
    const there = kvPlace(namespace);
    const [paris, tokyo] = [kvStore(kvPlace(namespace), { clock }), kvStore(there, { clock })];
    expect(await tokyo.get("unseen")).toBe(null);
    await paris.create("unseen", record());
    clock.advance(1);
    expect(await paris.get("unseen")).not.toBe(null);
    expect(await tokyo.delete("unseen")).toBe(false);
    expect(await paris.touch("unseen", clock(), clock() + 2 * HOUR)).toBe(true);
    expect(await kvStore(kvPlace(namespace), { clock }).get("unseen")).toBe(null);
  });

  test("nothing is given less than KV takes, and a tombstone outlives what could be written late", async () => {
    const place = kvPlace(namespace);
    const store = kvStore(place, { clock });
    await store.create("short", record({ expiresAt: clock() + 1000 }));
    await store.create("long", record({ expiresAt: clock() + 30 * 24 * HOUR }));
    await store.delete("long");
    await store.create("forever", record({ expiresAt: 253_402_300_799_999 }));
    const ttl = Object.fromEntries(place.puts.map(({ name, expirationTtl }) => [name, expirationTtl ?? 0]));
    expect(ttl["sojourn:short"]).toBeGreaterThanOrEqual(60);
    expect(ttl["sojourn:long:ended"]).toBeGreaterThan(30 * 24 * 3600);
    expect(ttl["sojourn:forever"]).toBeLessThan(2 ** 31);
  });

  test("a session that is too large for a value is no outage", async () => {
    const large = record({ payload: "x".repeat(27_000_000) });
    const written = kvStore(namespace, { clock }).create("large", large);
    await expect(written).rejects.toMatchObject({ code: "SOJOURN_RECORD_TOO_LARGE" });
  });

  test("a use that came between stays, and so does the deadline that came of it", async () => {
    const store = kvStore(namespace, { clock });
    const version = (await store.create("times", record())) ?? "";
    await store.touch("times", clock() + 60_000, clock() + 2 * HOUR);
    await store.update("times", record({ payload: "[]" }), version);
    const times = { payload: "[]", seenAt: clock() + 60_000, expiresAt: clock() + 2 * HOUR };
    expect(await store.get("times")).toMatchObject(times);
    await store.health();
  });

  test("a value that somebody else wrote is an error, and nobody's session", async () => {
    await namespace.put("sojourn:strange", '{"userId":"ann"}');
    await expect(kvStore(namespace, { clock }).get("strange")).rejects.toMatchObject({
      code: "SOJOURN_STORE_UNAVAILABLE",
    });
  });
});

/** Counts how often the database is asked. */
function counted(database: D1Binding): D1Binding & { asked: number } {
  type Statement = ReturnType<D1Binding["prepare"]>;
  const inner = new Map<Statement, Statement>();
  const wrap = (statement: Statement): Statement => {
    const outer: Statement = {
      bind: (...values) => wrap(statement.bind(...values)),
      all: () => {
        counting.asked += 1;
        return statement.all();
      },
    };
    inner.set(outer, statement);
    return outer;
  };
  const counting = {
    asked: 0,
    prepare: (sql: string) => wrap(database.prepare(sql)),
    batch: (statements: Statement[]) => {
      counting.asked += 1;
      return database.batch(statements.map((statement) => inner.get(statement) ?? statement));
    },
  };
  return counting;
}

/** How often a back end is asked by each verb. */
async function rounds(store: UserStore, asked: () => number): Promise<number[]> {
  const epoch = await store.epoch("ann");
  const version = (await store.create("first", record({ userId: "ann" }))) ?? "";
  const admission = { epoch, limit: 5, onLimit: "evict-oldest" } as const;
  const counts: number[] = [];
  for (const verb of [
    () => store.get("first"),
    () => store.create("other", record()),
    () => store.update("first", record({ userId: "ann" }), version),
    () => store.update("first", record({ userId: "ann" }), version),
    () => store.touch("first", clock(), clock() + 2 * HOUR),
    () => store.delete("other"),
    () => store.epoch("ann"),
    () => store.admit("second", { ...record(), userId: "ann" }, admission),
    () => store.list("ann"),
    () => store.deleteAll("ann"),
  ]) {
    const before = asked();
    await verb();
    counts.push(asked() - before);
  }
  return counts;
}

describe("d1Store()", async () => {
  const database = await worker.d1();

  test("makes the tables when it finds none, and asks once for each verb", async () => {
    const counting = counted(database);
    const store = d1Store(counting, { clock, table: "fresh", sweep: false });
    expect(await store.get("nothing")).toBe(null);
    expect(counting.asked).toBe(3);
    expect(await rounds(store, () => counting.asked)).toEqual(Array.from({ length: 10 }, () => 1));
  });

  test("tables of release 0.1.0 are brought up to date by the first statement that needs it", async () => {
    const table = "of_release";
    await database.batch(cloudflareStatements(table).map((sql) => database.prepare(sql)));
    const old = fakeClock(MADE_AT + 1000);
    const store = d1Store(database, { clock: old, table });
    expect(await store.get("ann-phone")).toMatchObject({ userId: "ann" });
    expect(await store.epoch("bob")).toBe("0.1");
    const login = { ...record({ userId: "ann" }), userId: "ann" };
    const admission = { epoch: await store.epoch("ann"), since: old() };
    // Brought up to date, and not mended: a login that is under way is not refused.
    expect(await store.admit("new", login, admission)).toMatchObject({ status: "ok" });
    expect(await store.deleteAll("ann", { at: old() + 1 })).toContain("ann-phone");
    const late = { epoch: await store.epoch("ann"), since: old() };
    expect(await store.admit("late", login, late)).toEqual({ status: "revoked" });
  });

  test("a table that was dropped is made again, and no login from before passes", async () => {
    const store = d1Store(database, { clock, table: "dropped" });
    const epoch = await store.epoch("ann");
    await database.prepare('DROP TABLE "dropped_epochs"').all();
    const login = { ...record({ userId: "ann" }), userId: "ann" };
    expect(await store.admit("late", login, { epoch })).toEqual({ status: "revoked" });
    await store.health();
  });

  test("a session that is too large for a row is no outage", async () => {
    const store = d1Store(database, { clock, table: "large" });
    const large = record({ payload: "x".repeat(3_000_000) });
    await expect(store.create("large", large)).rejects.toMatchObject({ code: "SOJOURN_RECORD_TOO_LARGE" });
    expect(await store.create("small", record())).not.toBe(null);
  });

  test("a login with the id of a live session is refused, and ends nobody's", async () => {
    const store = d1Store(database, { clock, table: "taken" });
    const epoch = await store.epoch("ann");
    for (const key of ["first", "second"]) await store.create(key, record({ userId: "ann" }));
    const admission = { epoch, limit: 1, onLimit: "evict-oldest" } as const;
    expect(await store.admit("second", { ...record(), userId: "ann" }, admission)).toEqual({ status: "exists" });
    const stale = { ...admission, epoch: "0.1" };
    expect(await store.admit("third", { ...record(), userId: "ann" }, stale)).toEqual({ status: "revoked" });
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["first", "second"]);
  });

  test("two that find none at once both get through", async () => {
    const stores = [0, 1].map(() => d1Store(database, { clock, table: "at_once" }));
    const created = await Promise.all(stores.map((store, index) => store.create(`k${index}`, record())));
    expect(created).not.toContain(null);
  });

  test("makes none when it may not, and takes those that `sojourn schema d1` prints", async () => {
    const store = d1Store(database, { clock, table: "by_hand", create: false });
    await expect(store.get("nothing")).rejects.toThrow(/no such table: by_hand/);
    const printed: string[] = [];
    const terminal = { out: (text: string) => printed.push(text), err: () => {}, input: () => "" };
    expect(await run(["schema", "d1", "--table", "by_hand"], terminal as never)).toBe(0);
    const statements = printed.join("").split(/;\n/).filter(Boolean);
    await database.batch(statements.map((sql) => database.prepare(sql)));
    expect(await store.create("k", record())).not.toBe(null);
  });

  test("a new session now and then takes away what expired", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
    try {
      const store = d1Store(database, { clock, table: "swept" });
      for (const key of ["a", "b"]) await store.create(key, record({ expiresAt: clock() - 1 }));
      random.mockReturnValue(0);
      await store.create("live", record());
      random.mockReturnValue(0.5);
      expect(await store.deleteExpired()).toBe(0);
      expect(await store.get("live")).not.toBe(null);
    } finally {
      random.mockRestore();
    }
  });
});

describe("durableObjectStore()", async () => {
  const namespace = await worker.objects();

  /** Counts the requests, and fails those that it is told to. */
  function counting(fail: (request: number) => Error | undefined = () => undefined): ObjectBinding & { asked: number } {
    const binding = {
      asked: 0,
      idFromName: (name: string) => namespace.idFromName(name),
      get: (id: unknown) => ({
        fetch: async (...args: Parameters<ReturnType<ObjectBinding["get"]>["fetch"]>) => {
          binding.asked += 1;
          const error = fail(binding.asked);
          if (error) throw error;
          return namespace.get(id).fetch(...args);
        },
      }),
    };
    return binding;
  }

  test("asks once for each verb", async () => {
    const binding = counting();
    const store = durableObjectStore(binding, { clock, name: "rounds" });
    expect(await rounds(store, () => binding.asked)).toEqual(Array.from({ length: 10 }, () => 1));
  });

  test("asks again when the object was begun anew, but only what does no harm twice", async () => {
    const restarted = (): Error => Object.assign(new Error("code was updated"), { retryable: true });
    const binding = counting((request) => (request % 2 === 1 ? restarted() : undefined));
    const store = durableObjectStore(binding, { clock, name: "restarted" });
    expect(await store.get("nothing")).toBe(null);
    expect(binding.asked).toBe(2);
    await expect(store.create("k", record())).rejects.toThrow("code was updated");
    expect(binding.asked).toBe(3);
    const full = counting(() => Object.assign(restarted(), { overloaded: true }));
    await expect(durableObjectStore(full, { clock }).get("nothing")).rejects.toThrow();
    expect(full.asked).toBe(1);
  });

  test("with several objects each has its share, and a session is asked for in one of them", async () => {
    const binding = counting();
    const store = durableObjectStore(binding, { clock, name: "spread", shards: 4 });
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
    for (const key of keys) await store.create(key, record({ userId: "ann" }));
    expect(binding.asked).toBe(40);
    const alone = [0, 1, 2, 3].map((index) => durableObjectStore(namespace, { clock, name: `spread/${index}/4` }));
    const counts = await Promise.all(alone.map(async (each) => (await each.list("ann")).items.length));
    expect(counts.reduce((sum, count) => sum + count)).toBe(40);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    const ended = (await store.deleteAll("ann", { limit: 15 })) ?? [];
    expect([ended.length, (await store.list("ann")).items.length]).toEqual([15, 25]);
  });

  test("a revocation that reached only some of the objects lets no login from before into them", async () => {
    const epoch = await durableObjectStore(namespace, { clock, name: "partly", shards: 4 }).epoch("ann");
    // The first asks the user's own object, the others all four.
    const binding = counting((request) => (request > 3 ? new Error("cut off") : undefined));
    const store = durableObjectStore(binding, { clock, name: "partly", shards: 4 });
    await expect(store.deleteAll("ann")).rejects.toThrow("cut off");
    const whole = durableObjectStore(namespace, { clock, name: "partly", shards: 4 });
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const login = (key: string) => whole.admit(key, { ...record(), userId: "ann" }, { epoch });
    const results = await Promise.all(keys.map(login));
    const refused = results.filter(({ status }) => status === "revoked").length;
    expect(refused).toBeGreaterThan(0);
    // Asked again, it ends the rest.
    const ended = (await whole.deleteAll("ann")) ?? [];
    expect(ended.length).toBe(20 - refused);
    expect((await whole.list("ann")).items).toEqual([]);
    for (const key of keys) expect((await login(`${key}-late`)).status).toBe("revoked");
  });

  test("a session that is too large for a row is no outage", async () => {
    const store = durableObjectStore(namespace, { clock, name: "large" });
    const large = record({ payload: "x".repeat(3_000_000) });
    await expect(store.create("large", large)).rejects.toMatchObject({ code: "SOJOURN_RECORD_TOO_LARGE" });
    expect(await store.create("small", record())).not.toBe(null);
  });

  test("says what is wrong with a class that was declared without SQLite", async () => {
    const body = JSON.stringify({ verb: "get", args: ["k"] });
    const response = await worker.fetch("/call/without-sql/x", { method: "POST", body });
    expect(await response.text()).toMatch(/new_sqlite_classes/);
  });
});
