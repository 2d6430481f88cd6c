/** The store over a real server: its round trips, its statements, its clients. The contract suite is in test/contracts. */
import pg from "pg";
import postgres from "postgres";
import { describe, expect, test } from "vitest";
import { openStore } from "../../../src/stores/open.ts";
import { namesOf } from "../../../src/stores/postgres/names.ts";
import { statementsFor } from "../../../src/stores/postgres/statements.ts";
import type { Store } from "../../../src/stores/store.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { startPooler } from "../../servers/postgres.ts";
import { table } from "../../support/table.ts";
import { clock, ends, open, pool, record, rows, server } from "./postgres-bench.ts";

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
  [
    "replace",
    (store) => {
      const old = { key: "a", version: "1", record: record() };
      return store.replace("d", { ...record(), userId: "ann" }, old, { epoch: "0.0", since: 1, limit: 1 });
    },
  ],
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
    const pooler = await startPooler(server, 2);
    ends.push(() => pooler.close());
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
    const versions = await together(60, (index) => store.create(`key${index}`, record()));
    expect(versions).not.toContain(null);
    expect((await together(60, (index) => store.get(`key${index}`))).every((found) => found?.payload === "data")).toBe(
      true,
    );
    expect(named.some((name) => name !== undefined)).toBe(true);
    expect(named.slice(-2)).toEqual([undefined, undefined]);
    await pooled.end();
  });

  test("survive an ALTER TABLE", async () => {
    const store = open();
    await store.create("a", record());
    await together(20, () => store.get("a"));
    await pool.query(`ALTER TABLE ${table} ALTER COLUMN payload TYPE varchar`);
    expect(await together(20, () => store.get("a"))).not.toContain(null);
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
    await expect(store.create("a", record({ userId: long }))).rejects.toMatchObject({
      code: "SOJOURN_RECORD_TOO_LARGE",
    });
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
    await together(20, (index) => store.create(`key${index}`, record()));
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
