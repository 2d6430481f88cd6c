/** The store over a real server: its tables, its statements, its round trips. The contract suite is in test/contracts. */
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import { openStore } from "../../../src/stores/open.ts";
import { namesOf } from "../../../src/stores/postgres/names.ts";
import { type Step, schemaScript, upgradeBlock } from "../../../src/stores/postgres/schema.ts";
import { statementsFor } from "../../../src/stores/postgres/statements.ts";
import { type PostgresClient, type PostgresStoreOptions, postgresStore } from "../../../src/stores/postgres.ts";
import type { Store } from "../../../src/stores/store.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { startPooler, startPostgres } from "../../servers/postgres.ts";

const server = await startPostgres();
const pooler = await startPooler(server, 2);
const pool = new pg.Pool({ connectionString: server.url, max: 8 });
const ends: (() => unknown)[] = [() => pool.end()];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await Promise.all([server.close(), pooler.close()]);
});

const clock = fakeClock();
let tables = 0;
let table = "";
beforeEach(() => {
  tables += 1;
  table = `t${tables}`;
});

const open = (options: PostgresStoreOptions = {}, source: string | PostgresClient = pool) =>
  postgresStore(source, { clock, table, sweepEvery: false, ...options });

const record = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
  payload: "data",
  createdAt: clock(),
  seenAt: clock(),
  expiresAt: clock() + 3_600_000,
  ...changes,
});

const many = <T>(times: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => call(index)));

const rows = async (text: string, ...values: unknown[]) =>
  (await pool.query<Record<string, unknown>>(text, values)).rows;

/** A role that may use what is there and make nothing, in a schema of its owner. */
async function poolOf(role: string, setting = ""): Promise<pg.Pool> {
  await pool.query(`CREATE ROLE ${role} LOGIN`);
  if (setting) await pool.query(`ALTER ROLE ${role} SET ${setting}`);
  const own = new pg.Pool({ connectionString: server.urlOf({ user: role }), max: 2 });
  ends.push(() => own.end());
  return own;
}

describe("the tables", () => {
  test("can be read by an operator, in any time zone", async () => {
    await open().create("a", record({ userId: "ann", payload: '{"cart":[1]}', seenAt: clock() + 1 }));
    const [row] = await rows(`SELECT user_id, payload, seen_at, expires_at, version > 0 AS version FROM ${table}`);
    expect(row).toMatchObject({ user_id: "ann", payload: '{"cart":[1]}', version: true });
    expect(row).toMatchObject({ seen_at: new Date(clock() + 1), expires_at: new Date(clock() + 3_600_000) });
    const client = await pool.connect();
    await client.query("BEGIN; SET LOCAL TimeZone = 'America/New_York'");
    const { rows: shown } = await client.query(`SELECT expires_at::text AS text FROM ${table}`);
    await client.query("ROLLBACK");
    client.release();
    expect(new Date(shown[0].text).getTime()).toBe(clock() + 3_600_000);
    expect(shown[0].text).toMatch(/-0[45]$/);
  });

  test("are made once by twenty stores that start at once, over connections of their own", async () => {
    const pools = Array.from({ length: 20 }, () => new pg.Pool({ connectionString: server.url, max: 1 }));
    const stores = pools.map((each) => open({}, each));
    await Promise.all(stores.map((store, index) => store.create(`key${index}`, record())));
    expect((await open().scan()).items).toHaveLength(20);
    await Promise.all(pools.map((each) => each.end()));
  });

  test("are missing without the right to make them, by a message that says what to run; then nothing needs a restart", async () => {
    const own = await poolOf("app1");
    const store = open({ create: false, schema: "owned" }, own);
    await expect(store.get("a")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await expect(store.get("a")).rejects.toThrow("sojourn schema postgres");
    await expect(open({ schema: "owned" }, own).get("a")).rejects.toThrow("sojourn schema postgres");
    await pool.query(schemaScript({ table, schema: "owned" }));
    await pool.query("GRANT USAGE ON SCHEMA owned TO app1");
    await pool.query("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA owned TO app1");
    const login = record({ userId: "ann" }) as SessionRecord & { userId: string };
    expect((await store.admit("a", login, { epoch: await store.epoch("ann") })).status).toBe("ok");
    expect(await store.deleteAll("ann")).toEqual(["a"]);
    expect(await store.create("b", record())).not.toBeNull();
    expect(await store.clear()).toEqual(["b"]);
    expect(await store.deleteExpired()).toBe(0);
  });

  test("that an operator made are those that the store makes", async () => {
    const shape = async (of: string) => {
      const columns = "column_name, data_type, collation_name, is_nullable";
      const found = await rows(`SELECT ${columns} FROM information_schema.columns WHERE table_name LIKE $1`, `${of}%`);
      const indexes = await rows("SELECT indexdef FROM pg_indexes WHERE tablename LIKE $1 ORDER BY 1", `${of}%`);
      const functions = await rows("SELECT prosrc FROM pg_proc WHERE proname LIKE $1 ORDER BY 1", `${of}%`);
      const text = JSON.stringify([found, indexes, functions]).replaceAll(of, "T");
      return text.replace(/\(-?\d+\)::bigint|sojourn_[0-9a-f]{16}/g, "#");
    };
    await open().health();
    await pool.query(schemaScript({ table: "by_hand" }));
    await pool.query(schemaScript({ table: "by_hand" }));
    expect(await shape("by_hand")).toBe(await shape(table));
  });

  test("are found where search_path has them, and stay found when it changes", async () => {
    await pool.query('CREATE SCHEMA "Odd ""name""; $sojourn1$"');
    const odd = await poolOf("app2", `search_path = 'Odd "name"; $sojourn1$', public`);
    await pool.query('GRANT ALL ON SCHEMA "Odd ""name""; $sojourn1$" TO app2');
    const store = open({}, odd);
    await store.create("a", record());
    expect(await rows(`SELECT key FROM "Odd ""name""; $sojourn1$".${table}`)).toEqual([{ key: "a" }]);
    await odd.query("SET search_path = public");
    expect(await store.get("a")).not.toBeNull();
    expect(await many(4, () => store.get("a"))).not.toContain(null);
  });

  test("are not guessed at without a search_path", async () => {
    const lost = await poolOf("app3", "search_path = nowhere");
    await expect(open({}, lost).get("a")).rejects.toThrow("search_path");
  });

  test("come back when somebody dropped them, at the call after the next", async () => {
    const store = open();
    await store.create("a", record());
    await pool.query(`DROP TABLE ${table}, ${table}_epochs, ${table}_meta`);
    await expect(store.get("a")).rejects.toMatchObject({ code: "42P01" });
    expect(await store.get("a")).toBeNull();
    expect(await store.create("a", record())).not.toBeNull();
  });

  test("are UNLOGGED by choice, but what was revoked never is", async () => {
    await open({ unlogged: true }).health();
    const kinds = await rows(
      "SELECT relname, relpersistence FROM pg_class WHERE relname LIKE $1 AND relkind = 'r'",
      `${table}%`,
    );
    expect(Object.fromEntries(kinds.map((kind) => [kind.relname, kind.relpersistence]))).toEqual({
      [table]: "u",
      [`${table}_epochs`]: "p",
      [`${table}_meta`]: "p",
    });
  });

  test("need transactions that read committed", async () => {
    const own = await poolOf("app4", "default_transaction_isolation = 'serializable'");
    await expect(open({}, own).get("a")).rejects.toThrow("default_transaction_isolation");
    const store = open();
    const epoch = await store.epoch("ann");
    const names = namesOf("public", table);
    const text = statementsFor(names).admit.text;
    const values = ["a", 1, 0, 0, 1, "ann", "p", 0, epoch, null, false, null];
    await expect(own.query(text, values)).rejects.toThrow(/read committed|permission/);
    const strict = await pool.connect();
    await strict.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await expect(strict.query(text, values)).rejects.toMatchObject({ code: "0A000" });
    await strict.query("ROLLBACK");
    strict.release();
  });
});

describe("the layout", () => {
  const set = (name: string, value: number) =>
    pool.query(`UPDATE ${table}_meta SET value = $2 WHERE name = $1`, [name, value]);

  test("of a newer release is used as long as that says it can be, and refused by name after that", async () => {
    await open().create("a", record());
    await set("layout", 7);
    expect(await open().get("a")).not.toBeNull();
    await set("compatible", 2);
    await expect(open().get("a")).rejects.toThrow("layout 7");
    await expect(open().get("a")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  });

  test("is upgraded step by step, each once, by however many processes at once", async () => {
    await open().create("a", record());
    const names = namesOf("public", table);
    const steps: Step[] = [2, 3].map((layout) => ({
      layout,
      compatible: layout - 1,
      // Not repeatable on purpose: a second run would fail.
      statements: () => [`ALTER TABLE ${names.sessions} ADD COLUMN extra${layout} text`],
    }));
    const never: Step = { layout: 1, compatible: 1, statements: () => ["SELECT 1/0"] };
    const block = upgradeBlock(names, { unlogged: false }, [never, ...steps]);
    await many(12, () => pool.query(block));
    expect(await rows(`SELECT name, value::int AS value FROM ${table}_meta ORDER BY name`)).toEqual([
      { name: "compatible", value: 2 },
      { name: "epoch", value: 0 },
      { name: "layout", value: 3 },
    ]);
    expect(await rows(`SELECT key, extra2, extra3 FROM ${table}`)).toEqual([{ key: "a", extra2: null, extra3: null }]);
  });

  test("that fails half way leaves nothing behind", async () => {
    const names = namesOf("public", table);
    const broken: Step = {
      layout: 1,
      compatible: 1,
      statements: () => [`CREATE TABLE ${names.sessions} (a int)`, "SELECT 1/0"],
    };
    await expect(pool.query(upgradeBlock(names, { unlogged: false }, [broken]))).rejects.toMatchObject({
      code: "22012",
    });
    expect(await rows("SELECT relname FROM pg_class WHERE relname = $1", table)).toEqual([]);
    expect(await open().create("a", record())).not.toBeNull();
  });
});

/** Every verb once, with the number of round trips that it may take. */
const verbs: readonly [name: string, call: (store: ReturnType<typeof open>) => Promise<unknown>][] = [
  ["get", (store) => store.get("a")],
  ["create", (store) => store.create("b", record())],
  ["create of a live key", (store) => store.create("a", record())],
  ["update", async (store) => store.update("a", record(), 1)],
  ["touch", (store) => store.touch("a", clock(), clock() + 9_000_000)],
  ["delete", (store) => store.delete("a")],
  ["epoch", (store) => store.epoch("ann")],
  ["admit", (store) => store.admit("c", { ...record(), userId: "ann" }, { epoch: "0.0", limit: 1 })],
  ["list", (store) => store.list("ann")],
  ["deleteAll", (store) => store.deleteAll("ann")],
  ["scan", (store) => store.scan()],
  ["clear", (store) => store.clear()],
  ["deleteExpired", (store) => store.deleteExpired()],
  ["health", (store) => store.health()],
];

describe("round trips", () => {
  test.each(verbs)("%s takes one, over pg", async (_, call) => {
    let asked = 0;
    const counted = new Proxy(pool, {
      get(target, property) {
        if (property === "query") asked += 1;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const store = open({}, counted);
    await store.create("a", record({ userId: "ann" }));
    await call(store);
    asked = 0;
    await call(store);
    expect(asked).toBe(1);
  });

  test.each(verbs)("%s takes one, over postgres", async (_, call) => {
    let asked = 0;
    const sql = postgres(server.url, {
      max: 1,
      onnotice: () => {},
      debug: () => {
        asked += 1;
      },
    });
    const store = open({}, sql);
    await store.create("a", record({ userId: "ann" }));
    await call(store);
    asked = 0;
    await call(store);
    expect(asked).toBe(1);
    await sql.end();
  });

  test("a conflict brings the record along: a retry needs no read", async () => {
    const store = open();
    await store.create("a", record({ payload: "first" }));
    const result = await store.update("a", record({ payload: "second" }), "12345");
    expect(result).toMatchObject({ status: "conflict", current: { payload: "first" } });
  });
});

describe("prepared statements", () => {
  const prepared = async (client: pg.ClientBase) =>
    (await client.query("SELECT name FROM pg_prepared_statements")).rows.map(({ name }) => String(name));

  test("are kept by the connection, and not with `prepare: false`", async () => {
    const single = new pg.Pool({ connectionString: server.url, max: 1 });
    const [plain, named] = [open({ prepare: false }, single), open({}, single)];
    await plain.get("a");
    const client = await single.connect();
    expect(await prepared(client)).toEqual([]);
    client.release();
    await named.get("a");
    await named.get("b");
    const again = await single.connect();
    expect(await prepared(again)).toEqual([statementsFor(namesOf("public", table)).get.name]);
    again.release();
    await single.end();
  });

  test("are given up behind a transaction pooler, and no call fails for it", async () => {
    const pooled = new pg.Pool({ connectionString: pooler.url, max: 6 });
    const named: (string | undefined)[] = [];
    const watched = new Proxy(pooled, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== "query") return typeof value === "function" ? value.bind(target) : value;
        return (config: { name?: string; text: string; values: unknown[] }) => {
          named.push(config.name);
          return target.query(config);
        };
      },
    });
    const store = open({}, watched);
    const versions = await many(60, (index) => store.create(`key${index}`, record()));
    expect(versions).not.toContain(null);
    expect((await many(60, (index) => store.get(`key${index}`))).every((found) => found?.payload === "data")).toBe(
      true,
    );
    expect(named.some((name) => name !== undefined)).toBe(true);
    expect(named.slice(-2)).toEqual([undefined, undefined]);
    await pooled.end();
  });

  test("survive an ALTER TABLE", async () => {
    const store = open();
    await store.create("a", record());
    await many(20, () => store.get("a"));
    await pool.query(`ALTER TABLE ${table} ALTER COLUMN payload TYPE varchar`);
    expect(await many(20, () => store.get("a"))).not.toContain(null);
  });
});

describe("failures", () => {
  test("what the server rolled back is tried again, what it did not is not", async () => {
    const codes: string[] = [];
    let next: string[] = [];
    const flaky = {
      async query(text: string, values?: unknown[]) {
        const code = next.shift();
        if (code === undefined) return pool.query(text, values);
        codes.push(code);
        throw Object.assign(new Error(code), { code });
      },
    };
    const store = open({}, flaky);
    await store.health();
    next = ["40001", "40P01"];
    expect(await store.create("a", record())).not.toBeNull();
    next = ["ECONNRESET"];
    await expect(store.create("b", record())).rejects.toThrow("ECONNRESET");
    expect(await store.get("b")).toBeNull();
    expect(codes).toEqual(["40001", "40P01", "ECONNRESET"]);
  });

  test("a read-only database can be read, and says why it cannot be written", async () => {
    await open().create("a", record());
    const own = new pg.Pool({ connectionString: server.url, options: "-c default_transaction_read_only=on", max: 2 });
    const store = open({}, own);
    expect(await store.get("a")).not.toBeNull();
    const writes = [
      () => store.create("b", record()),
      () => store.touch("a", 1, 2),
      () => store.delete("a"),
      () => store.deleteAll("ann"),
    ];
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: "25006" });
    expect(await store.get("a")).not.toBeNull();
    await own.end();
  });

  test("a user id too long for an index is an error, and nobody else's", async () => {
    const store = open();
    const long = Array.from({ length: 400 }, () => crypto.randomUUID()).join("");
    await expect(store.create("a", record({ userId: long }))).rejects.toMatchObject({ code: "54000" });
    expect(await store.get("a")).toBeNull();
    expect(await store.list(long)).toEqual({ items: [] });
    expect(await store.get(long)).toBeNull();
    expect(await store.delete(long)).toBe(false);
    expect(await store.create("b", record())).not.toBeNull();
  });

  test("a megabyte of payload is kept", async () => {
    const store = open();
    const payload = Array.from({ length: 30_000 }, () => crypto.randomUUID()).join("");
    await store.create("a", record({ payload }));
    expect((await store.get("a"))?.payload).toBe(payload);
  });
});

describe("the client", () => {
  test("of the application stays open when the store is closed", async () => {
    const store = open();
    await store.health();
    await store.close();
    await expect(store.get("a")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    expect(() => store.watch(() => {})).toThrow("closed");
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("close() waits for what is under way", async () => {
    const store = open();
    await store.health();
    const write = store.create("a", record());
    await store.close();
    expect(await write).not.toBeNull();
    expect(await open().get("a")).not.toBeNull();
  });

  test("that a URL made is closed with the store, the one that listens too", async () => {
    const database = `db_${table}`;
    await pool.query(`CREATE DATABASE ${database}`);
    const url = `${server.urlOf({ database })}?table=web&sweepEvery=false&application_name=mine`;
    const store = await openStore(url as "postgres://", { clock });
    store.watch(() => {});
    await many(20, (index) => store.create(`key${index}`, record()));
    const connected = async () =>
      rows("SELECT application_name AS name FROM pg_stat_activity WHERE datname = $1", database);
    await expect.poll(async () => (await connected()).length).toBeGreaterThan(1);
    expect((await connected())[0]).toEqual({ name: "mine" });
    await store.close();
    await expect.poll(connected).toEqual([]);
  });

  test("that loses an idle connection does not end the process", async () => {
    const own = new pg.Pool({ connectionString: server.url, max: 2 });
    const store: Store = open({}, own);
    await store.create("a", record());
    await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
    await expect.poll(() => own.totalCount).toBe(0);
    expect(await store.get("a")).not.toBeNull();
    await own.end();
  });
});
