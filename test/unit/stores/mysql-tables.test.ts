/** The tables of the MySQL store on a real server: who makes them, what is in them, who may read them. */
import mysql from "mysql2/promise";
import { describe, expect, test } from "vitest";
import { type MysqlStep, namesOf, prepareSchema, schemaScript } from "../../../src/stores/mysql/schema.ts";
import { Transaction } from "../../../src/stores/mysql/transaction.ts";
import { openStore } from "../../../src/stores/open.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { table } from "../../support/table.ts";
import { clock, ends, ofUser, open, pool, poolOf, record, rows, server } from "./mysql-bench.ts";

describe("the tables", () => {
  test("can be read by an operator, through the view that is printed with them", async () => {
    await pool.query(schemaScript({ table }));
    await open({ create: false }).create(
      "a",
      record({ userId: "jürgen", payload: '{"cart":[1]}', seenAt: clock() + 1 }),
    );
    await pool.query("SET SESSION time_zone = '+13:00'");
    const sql = `SELECT session_key, user_id, CAST(seen_at AS CHAR) AS seen, JSON_VALUE(payload, '$.cart[0]') AS cart
      FROM ${table}_readable WHERE user_id = 'jürgen'`;
    expect(await rows(sql)).toEqual([
      { session_key: "a", user_id: "jürgen", seen: "2026-01-01 00:00:00.001000", cart: "1" },
    ]);
    expect(await rows(`SELECT session_key FROM ${table} WHERE user_id = 'jürgen'`)).toHaveLength(1);
  });

  test("are InnoDB's whatever the server's default is, and compare bytes whatever its collation is", async () => {
    await pool.query(`CREATE DATABASE loose CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
    const loose = mysql.createPool({ uri: server.url.replace("/test", "/loose"), connectionLimit: 1 });
    ends.push(() => loose.end());
    await loose.query("SET SESSION default_storage_engine = 'MyISAM'");
    const store = open({}, loose);
    const users = ["ann", "Ann", "ANN", "änn", "a\u0308nn", "ann ", "ａｎｎ"];
    for (const [index, userId] of users.entries()) await store.create(`${index}`, record({ userId }));
    for (const key of ["key", "KEY", "keY"]) await store.create(key, record({ payload: key }));
    for (const [index, userId] of users.entries()) {
      expect((await store.list(userId)).items.map((entry) => [entry.key, entry.record.userId])).toEqual([
        [`${index}`, userId],
      ]);
    }
    expect((await store.get("KEY"))?.payload).toBe("KEY");
    const engines = await rows("SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = 'loose'");
    expect(engines).toEqual([{ engine: "InnoDB" }]);
  });

  test("are made once by ten processes that start at once, and by one that finds them half made", async () => {
    const pools = Array.from({ length: 10 }, () => mysql.createPool({ uri: server.url, connectionLimit: 1 }));
    ends.push(...pools.map((each) => () => each.end()));
    const stores = pools.map((each) => open({}, each));
    await together(10, (index) => stores[index]?.create(`${index}`, record()) as Promise<unknown>);
    expect((await open().scan()).items).toHaveLength(10);
    await pool.query(`DROP TABLE ${table}_meta`);
    await open().create("after", record());
    expect((await open().scan()).items).toHaveLength(11);
  });

  test("of an older layout are brought up to date by one of many, and those of a newer one are refused", async () => {
    const names = namesOf(table);
    await open().health();
    let run = 0;
    const third: MysqlStep = {
      layout: 3,
      compatible: 3,
      statements: ({ sessions }) => {
        run += 1;
        // Fails when it is run twice, so the lock has to hold.
        return [`ALTER TABLE ${sessions} ADD COLUMN extra int NULL`];
      },
    };
    const first: MysqlStep = { layout: 1, compatible: 1, statements: () => expect.fail("has been made") };
    await together(6, async () => {
      const connection = await pool.getConnection();
      await prepareSchema(new Transaction(connection), names, true, [first, third]);
      connection.release();
    });
    expect(run).toBe(1);
    const why = /layout 3, this release of Sojourn reads layouts up to 2/;
    await expect(open().get("a")).rejects.toMatchObject({
      code: "SOJOURN_STORE_UNAVAILABLE",
      message: expect.stringMatching(why),
    });
    await pool.query(schemaScript({ table, view: false }));
    await expect(open().get("a")).rejects.toThrow("layout 3");
    // As one that this release can still work with.
    await pool.query(`UPDATE ${names.meta} SET value = 2 WHERE name = 'compatible'`);
    expect(await open().get("a")).toBeNull();
  });

  test("need no more than four rights", async () => {
    // Not the database "test", in which MariaDB lets everybody do everything.
    await pool.query("CREATE DATABASE rights");
    const app = await poolOf("app", "SELECT, INSERT, UPDATE, DELETE ON rights.*");
    for (const create of ["auto", false] as const) {
      await expect(open({ create }, app).get("a")).rejects.toThrow(
        create
          ? /may not make them: run what `npx sojourn schema mysql` prints/
          : /are missing.*run what `npx sojourn schema mysql` prints/,
      );
    }
    const owner = mysql.createPool({ uri: server.url.replace("/test", "/rights"), multipleStatements: true });
    await owner.query(schemaScript({ table, view: false }));
    await owner.end();
    for (const create of ["auto", false] as const) {
      const store = open({ create }, app);
      const epoch = await store.epoch("ann");
      expect((await store.admit(`${create}`, ofUser("ann"), { epoch, limit: 1 })).status).toBe("ok");
      await store.deleteAll("ann");
      await store.clear();
      expect(await store.deleteExpired()).toBe(0);
    }
  });

  test.each(["", "_epochs", "_meta", "_ended"])(
    "that were dropped under the store are made again by the call that misses them (%s)",
    async (part) => {
      const store = open();
      const before = await store.epoch("ann");
      await pool.query(`DROP TABLE ${table}${part}`);
      expect(await store.health()).toMatchObject({ latencyMs: expect.any(Number) });
      // What was counted is forgotten: nobody can say whether the user was revoked meanwhile.
      if (part === "_epochs" || part === "_meta") {
        expect(await store.admit("b", ofUser("ann"), { epoch: before })).toEqual({ status: "revoked" });
      }
      expect(await store.admit("b", ofUser("ann"), { epoch: await store.epoch("ann") })).toMatchObject({
        status: "ok",
      });
    },
  );

  test("that are missing are named, with what to run, where the store may not make them", async () => {
    await open().create("a", record());
    await pool.query(`RENAME TABLE ${table} TO ${table}_old`);
    const why = new RegExp(`${table} is missing: run what .npx sojourn schema mysql. prints`);
    const store = open({ create: false });
    for (const call of [
      () => store.health(),
      () => store.get("a"),
      () => openStore(`${server.url}?table=${table}&create=false`),
    ])
      await expect(call()).rejects.toMatchObject({
        code: "SOJOURN_STORE_UNAVAILABLE",
        message: expect.stringMatching(why),
      });
    await pool.query(schemaScript({ table, view: false }));
    expect(await store.get("a")).toBeNull();
  });

  test("have no session of a user whose id does not fit, and so there is none to list or to end", async () => {
    const store = open();
    expect(await store.list("ü".repeat(385))).toEqual({ items: [] });
    expect(await store.deleteAll("ü".repeat(385))).toEqual([]);
  });

  test("that were emptied under the store are told, and a store that is opened anew has them again", async () => {
    const store = open();
    await store.epoch("ann");
    await pool.query(`DELETE FROM ${table}_meta`);
    await expect(store.epoch("ann")).rejects.toThrow("have been emptied");
    expect(await open().epoch("ann")).toMatch(/^\d+\.\d+$/);
  });
});
