/** A database of release 0.1.0 under this one, while processes of both run. */
import { readFile } from "node:fs/promises";
import type { Pool, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import mysql from "mysql2/promise";
import { beforeAll, describe, expect, test } from "vitest";
import { mysqlStore } from "../../../src/stores/mysql.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { pool as admin, clock, ends, ofUser, server } from "./mysql-bench.ts";

// What `sojourn schema mysql --table web` of release 0.1.0 printed, and the statements that it sends.
const script = new URL("./release-0.1.0/mysql.sql", import.meta.url);
const MOVE = `INSERT INTO web_epochs (user_id, epoch, used_at) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE
      used_at = GREATEST(used_at, ?), epoch = epoch + 1`;
const SHARE = `SELECT m.value AS everybody, e.epoch AS own FROM web_meta AS m JOIN web_epochs AS e
      WHERE m.name = 'epoch' AND e.user_id = ? LOCK IN SHARE MODE`;
const INSERT =
  "INSERT INTO web (user_id, payload, created_at, seen_at, expires_at, version, session_key) VALUES (?, ?, ?, ?, ?, ?, ?)";

let pool: Pool;
const open = () => mysqlStore(pool, { clock, table: "web", sweepEvery: false });

const old = {
  revoke: (user: string) => pool.execute(MOVE, [Buffer.from(user), 1000, clock(), clock()]),
  async admit(key: string, user: string, known: string): Promise<"ok" | "revoked"> {
    const connection = await pool.getConnection();
    try {
      await connection.query("START TRANSACTION");
      const [rows] = await connection.execute<RowDataPacket[]>(SHARE, [Buffer.from(user)]);
      const fits = `${rows[0]?.everybody}.${rows[0]?.own}` === known;
      const now = clock();
      if (fits) await connection.execute(INSERT, [Buffer.from(user), "{}", now, now, now + 3_600_000, 7, key]);
      await connection.query("COMMIT");
      return fits ? "ok" : "revoked";
    } finally {
      connection.release();
    }
  },
};

beforeAll(async () => {
  await admin.query("CREATE DATABASE release_1");
  const uri = server.url.replace("/test", "/release_1");
  pool = mysql.createPool({ uri, connectionLimit: 8, multipleStatements: true });
  ends.push(() => pool.end());
  await pool.query(await readFile(script, "utf8"));
  for (const user of ["ann", "bob", "user0", "user1", "user2"]) await old.revoke(user);
});

describe("a database of release 0.1.0", () => {
  test("is upgraded by one of many, while processes of that release log in", async () => {
    const known = async (user: string): Promise<string> => {
      const [rows] = await pool.execute<RowDataPacket[]>(SHARE, [Buffer.from(user)]);
      return `${rows[0]?.everybody}.${rows[0]?.own}`;
    };
    await old.admit("kept", "ann", await known("ann"));
    let upgraded = false;
    const work = together(3, async (index) => {
      const user = `user${index}`;
      for (let turn = 0; !upgraded || turn < 5; turn++) {
        expect(await old.admit(`${user}-${turn}`, user, await known(user))).toBe("ok");
      }
    });
    await Promise.all([open(), open(), open()].map((store) => store.health()));
    upgraded = true;
    await work;
    expect(await open().get("kept")).toMatchObject({ userId: "ann", payload: "{}" });
    const [numbers] = await pool.query("SELECT name, value FROM web_meta WHERE name <> 'epoch' ORDER BY name");
    expect(numbers).toMatchObject([
      { name: "compatible", value: 1 },
      { name: "layout", value: 2 },
    ]);
  });

  test("keeps what each release revoked from the logins of the other", async () => {
    const store = open();
    const before = await store.epoch("bob");
    await old.revoke("bob");
    expect(await store.admit("b", ofUser("bob"), { epoch: before, since: clock() })).toEqual({ status: "revoked" });
    const between = await store.epoch("bob");
    expect(await store.deleteAll("bob")).toEqual([]);
    expect(await old.admit("b", "bob", between)).toBe("revoked");
    expect(await old.admit("b", "bob", await store.epoch("bob"))).toBe("ok");
    expect(await store.clear()).toContain("b");
    expect(await old.admit("b", "bob", between)).toBe("revoked");
  });

  test("can be upgraded by the printed script, once or again", async () => {
    const { schemaScript } = await import("../../../src/stores/mysql/schema.ts");
    await pool.query((await readFile(script, "utf8")).replaceAll("`web", "`printed"));
    for (let turn = 0; turn < 2; turn++) await pool.query(schemaScript({ table: "printed" }));
    const store = mysqlStore(pool, { clock, table: "printed", create: false, sweepEvery: false });
    expect(await store.health()).toMatchObject({ latencyMs: expect.any(Number) });
    const [changed] = await pool.query<ResultSetHeader>("UPDATE printed_epochs SET revoked_at = 1.5");
    expect(changed.affectedRows).toBe(0);
  });
});
