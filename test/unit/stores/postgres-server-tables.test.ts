/** The tables of the PostgreSQL store on a real server: who makes them, who finds them, how a new layout replaces an old one. */
import pg from "pg";
import { describe, expect, test } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import { openStore } from "../../../src/stores/open.ts";
import { namesOf } from "../../../src/stores/postgres/names.ts";
import { type PostgresStep, schemaScript, upgradeBlock } from "../../../src/stores/postgres/schema.ts";
import { statementsFor } from "../../../src/stores/postgres/statements.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { table } from "../../support/table.ts";
import { clock, open, pool, poolOf, record, rows, server } from "./postgres-bench.ts";

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
    expect(await together(4, () => store.get("a"))).not.toContain(null);
  });

  test("are not guessed at without a search_path", async () => {
    const lost = await poolOf("app3", "search_path = nowhere");
    await expect(open({}, lost).get("a")).rejects.toThrow("search_path");
  });

  test.each(["", "_epochs", "_meta"])(
    "that were dropped are made again by the call that misses them (%s)",
    async (part) => {
      const store = open();
      const before = await store.epoch("ann");
      const login = record({ userId: "ann" }) as SessionRecord & { userId: string };
      await pool.query(`DROP TABLE ${table}${part}`);
      expect(await store.create("a", record())).not.toBeNull();
      expect(await store.get("a")).not.toBeNull();
      // What was counted is forgotten: nobody can say whether the user was revoked meanwhile.
      expect(await store.admit("b", login, { epoch: before })).toEqual({ status: "revoked" });
      expect(await store.admit("b", login, { epoch: await store.epoch("ann") })).toMatchObject({ status: "ok" });
      expect(await open().health()).toMatchObject({ latencyMs: expect.any(Number) });
    },
  );

  test("that were renamed are made again with the same indexes, and functions that were dropped with them", async () => {
    const store = open();
    await store.create("a", record());
    await pool.query(`ALTER TABLE ${table} RENAME TO ${table}_old`);
    expect(await store.get("a")).toBeNull();
    const indexes = (of: string) => rows("SELECT indexdef FROM pg_indexes WHERE tablename = $1 ORDER BY 1", of);
    expect(await indexes(table)).toHaveLength((await indexes(`${table}_old`)).length);
    await pool.query(`DROP FUNCTION ${table}_end_user_2`);
    expect(await store.deleteAll("ann")).toEqual([]);
    await pool.query(schemaScript({ table }));
    expect(await indexes(table)).toHaveLength(3);
  });

  test("that are missing are named, with what to run, where the store may not make them", async () => {
    await open().create("a", record());
    await pool.query(`DROP TABLE ${table}_epochs`);
    await pool.query(`DROP FUNCTION ${table}_admit_2`);
    const store = open({ create: false });
    const why = new RegExp(`"${table}_epochs", .*"${table}_admit_2" are missing.*sojourn schema postgres`);
    for (const call of [
      () => store.health(),
      () => store.epoch("ann"),
      () => openStore(`${server.url}?table=${table}&create=false`),
    ])
      await expect(call()).rejects.toMatchObject({
        code: "SOJOURN_STORE_UNAVAILABLE",
        message: expect.stringMatching(why),
      });
    await pool.query(schemaScript({ table }));
    expect(await store.epoch("ann")).toMatch(/^\d+\.0$/);
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
    const values = ["a", 1, 0, 0, 1, "ann", "p", 0, epoch, null, null, false, null];
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
    await set("compatible", 3);
    await expect(open().get("a")).rejects.toThrow("layout 7");
    await expect(open().get("a")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  });

  test("is upgraded step by step, each once, by however many processes at once", async () => {
    await open().create("a", record());
    const names = namesOf("public", table);
    const steps: PostgresStep[] = [3, 4].map((layout) => ({
      layout,
      compatible: layout - 1,
      // Not repeatable on purpose: a second run would fail.
      statements: () => [`ALTER TABLE ${names.sessions} ADD COLUMN extra${layout} text`],
    }));
    const never: PostgresStep = { layout: 1, compatible: 1, statements: () => ["SELECT 1/0"] };
    const block = upgradeBlock(names, { unlogged: false }, [never, ...steps]);
    await together(12, () => pool.query(block));
    const numbers = `SELECT name, value::int AS value FROM ${table}_meta WHERE name <> 'epoch' ORDER BY name`;
    expect(await rows(numbers)).toEqual([
      { name: "compatible", value: 3 },
      { name: "layout", value: 4 },
    ]);
    expect(await rows(`SELECT key, extra3, extra4 FROM ${table}`)).toEqual([{ key: "a", extra3: null, extra4: null }]);
  });

  test("that fails half way leaves nothing behind", async () => {
    const names = namesOf("public", table);
    const broken: PostgresStep = {
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
