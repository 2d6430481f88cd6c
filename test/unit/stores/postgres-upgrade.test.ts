/** A database of release 0.1.0 under this one, while processes of both run. */
import { readFile } from "node:fs/promises";
import pg from "pg";
import { beforeAll, describe, expect, test } from "vitest";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { pool as admin, clock, ends, record, server } from "./postgres-bench.ts";

// What `sojourn schema postgres --table web` of release 0.1.0 printed, and the statements that it sends.
const script = new URL("./release-0.1.0/postgres.sql", import.meta.url);
const at = (parameter: number): string => `to_timestamp($${parameter}::float8 / 1000)`;
const ADMIT = `SELECT ended FROM "public"."web_admit"($1::text, $2::bigint, ${at(3)}, ${at(4)}, ${at(5)},
      $6::text, $7::text, ${at(8)}, $9::text, $10::bigint, $11::boolean, $12::text) AS ended`;
const END_USER = `SELECT ended FROM "public"."web_end_user"($1::text, $2::text, $3::bigint, ${at(4)}, $5::text) AS ended`;
const END_ALL = `SELECT ended FROM "public"."web_end_all"($1::bigint, ${at(2)}, $3::text) AS ended`;

let pool: pg.Pool;
const open = () => postgresStore(pool, { clock, table: "web", sweepEvery: false });
const epoch = async (user: string): Promise<string> => {
  const sql = `SELECT (SELECT value FROM web_meta WHERE name = 'epoch') || '.' ||
    coalesce((SELECT epoch FROM web_epochs WHERE user_id = $1), 0) AS epoch`;
  return (await pool.query(sql, [user])).rows[0].epoch;
};
const old = {
  admit: async (key: string, user: string, known: string) => {
    const now = clock();
    const values = [key, 7, now, now, now + 3_600_000, user, "{}", now, known, null, false, "origin00"];
    return (await pool.query(ADMIT, values)).rows.map((row) => row.ended);
  },
  endUser: async (user: string, except: string | null = null) =>
    (await pool.query(END_USER, [user, except, "1000", clock(), null])).rows.map((row) => row.ended),
  endAll: async () => (await pool.query(END_ALL, ["1000", clock(), null])).rows.map((row) => row.ended),
};

beforeAll(async () => {
  await admin.query("CREATE DATABASE release_1");
  pool = new pg.Pool({ connectionString: server.urlOf({ database: "release_1" }), max: 12 });
  ends.push(() => pool.end());
  await pool.query(await readFile(script, "utf8"));
});

describe("a database of release 0.1.0", () => {
  test("is upgraded once, by one of many, while processes of that release log in and revoke", async () => {
    await old.admit("kept", "ann", await epoch("ann"));
    let upgraded = false;
    const work = together(6, async (index) => {
      const user = `user${index}`;
      for (let turn = 0; !upgraded || turn < 5; turn++) {
        const known = await epoch(user);
        expect(await old.admit(`${user}-${turn}`, user, known)).toEqual(["ok"]);
        if (turn % 3 === 0) expect(await old.endUser(user)).toContain(`${user}-${turn}`);
      }
    });
    await Promise.all([open(), open(), open(), open()].map((store) => store.health()));
    upgraded = true;
    await work;
    expect(await open().get("kept")).toMatchObject({ userId: "ann", payload: "{}" });
    const numbers = await pool.query("SELECT name, value::int FROM web_meta WHERE name <> 'epoch' ORDER BY name");
    expect(numbers.rows).toEqual([
      { name: "compatible", value: 1 },
      { name: "layout", value: 2 },
    ]);
  });

  test("keeps the instants of revocations that processes of that release make", async () => {
    const store = open();
    const since = clock();
    clock.advance(10);
    await old.endUser("bob");
    const login = { ...record(), userId: "bob" };
    expect(await store.admit("b", login, { epoch: await store.epoch("bob"), since })).toEqual({ status: "revoked" });
    expect((await store.admit("b", login, { epoch: await store.epoch("bob"), since: clock() })).status).toBe("ok");
    clock.advance(10);
    expect(await old.endAll()).toContain("b");
    const late = await store.admit("b", login, { epoch: await store.epoch("bob"), since: clock() - 5 });
    expect(late).toEqual({ status: "revoked" });
  });

  test("refuses logins of that release that this one revoked, and its sessions are ended here", async () => {
    const store = open();
    const known = await epoch("cyd");
    expect(await old.admit("c1", "cyd", known)).toEqual(["ok"]);
    expect(await store.deleteAll("cyd")).toEqual(["c1"]);
    expect(await old.admit("c2", "cyd", known)).toEqual(["revoked"]);
    expect(await epoch("cyd")).toBe(await store.epoch("cyd"));
  });

  test("leaves one of two devices that end each other, of whichever release they are", async () => {
    const store = open();
    for (const key of ["d1", "d2"]) await old.admit(key, "dee", await epoch("dee"));
    expect(await store.deleteAll("dee", { except: "d1" })).toEqual(["d2"]);
    expect(await old.endUser("dee", "d2")).toEqual([]);
    expect((await store.list("dee")).items.map(({ key }) => key)).toEqual(["d1"]);
  });
});
