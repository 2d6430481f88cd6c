/** The store over a real server: its statements, its transactions, its clients. The contract suite is in test/contracts. */
import callbacks from "mysql2";
import type { RowDataPacket } from "mysql2/promise";
import mysql from "mysql2/promise";
import { describe, expect, test } from "vitest";
import type { MysqlStatement } from "../../../src/stores/mysql/client.ts";
import { namesOf } from "../../../src/stores/mysql/schema.ts";
import { statementsFor } from "../../../src/stores/mysql/statements.ts";
import { openStore } from "../../../src/stores/open.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { until } from "../../servers/process.ts";
import { table } from "../../support/table.ts";
import { clock, ends, ofUser, open, pool, record, rows, server, tapped } from "./mysql-bench.ts";

describe("statements", () => {
  /** Statements that the server got, and those that it prepared. */
  async function asked(call: () => Promise<unknown>): Promise<readonly [asked: number, prepared: number]> {
    const counters = async () => {
      const found = await rows("SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_stmt_prepare')");
      return Object.fromEntries(found.map((row) => [row.Variable_name, Number(row.Value)]));
    };
    const before = await counters();
    await call();
    const after = await counters();
    return [
      Number(after.Questions) - Number(before.Questions) - 1,
      Number(after.Com_stmt_prepare) - Number(before.Com_stmt_prepare),
    ];
  }

  test("are one for each verb that succeeds, and are prepared once for a connection", async () => {
    const one = mysql.createPool({ uri: server.url, connectionLimit: 1 });
    ends.push(() => one.end());
    const store = open({ notify: false }, one);
    await store.health();
    let version: string | number = 0;
    const round = async (key: string, expected: number) => {
      const count = async (call: () => Promise<unknown>, trips: number) =>
        expect(await asked(call), call.toString()).toEqual([trips, expected === 0 ? 0 : expect.any(Number)]);
      await count(async () => store.get(key), 1);
      await count(async () => store.create(key, record()), 1);
      version = (await store.get(key))?.version ?? 0;
      await count(async () => store.update(key, record(), version), 1);
      await count(async () => store.touch(key, clock() + 1, clock() + 7_200_000), 1);
      await count(async () => store.delete(key), 1);
      await count(async () => store.list("ann"), 1);
      await count(async () => store.scan(), 1);
      await count(async () => store.health(), 3);
    };
    await round("a", 1);
    await round("b", 0);
  });

  test("are two for a conflict, which answers with the winner, and for what is not there", async () => {
    const store = open();
    await store.create("a", record());
    for (let turn = 0; turn < 2; turn++) {
      expect(await asked(() => store.update("a", record(), 1))).toEqual([2, expect.any(Number)]);
      expect(await asked(() => store.update("none", record(), 1))).toEqual([2, expect.any(Number)]);
      expect(await asked(() => store.touch("none", 1, 2))).toEqual([2, expect.any(Number)]);
      expect(await asked(() => store.delete("none"))).toEqual([2, expect.any(Number)]);
    }
  });

  test("are one for a login, six with a limit, nine with one ended, five to replace, six for the end of all of a user", async () => {
    const store = open({ notify: false });
    const epoch = await store.epoch("ann");
    const login = (key: string, limit?: number) => () => store.admit(key, ofUser("ann"), { epoch, limit });
    const trips = async (call: () => Promise<unknown>) => (await asked(call))[0];
    expect(await trips(() => store.epoch("ann"))).toBe(1);
    expect(await trips(login("a"))).toBe(1);
    const version = (await store.get("a"))?.version ?? "";
    expect(await trips(() => store.replace("r", ofUser("ann"), { key: "a", version, record: record() }))).toBe(5);
    expect(await trips(login("b", 2))).toBe(6);
    expect(await trips(login("c", 2))).toBe(9);
    expect(await trips(() => store.deleteAll("ann"))).toBe(6);
    expect(await trips(() => store.deleteAll("ann"))).toBe(4);
  });

  test("find rows by an index, whatever the connection's character set is", async () => {
    const latin = mysql.createPool({ uri: server.url, charset: "latin1_german2_ci", connectionLimit: 1 });
    ends.push(() => latin.end());
    const store = open();
    for (let index = 0; index < 300; index++) {
      await store.create(`k${index}`, record({ userId: `u${index % 100}`, expiresAt: clock() + index * 1000 }));
    }
    await pool.query(`ANALYZE TABLE ${table}`);
    const sql = statementsFor(namesOf(table));
    const user = Buffer.from("u1");
    const now = clock();
    const asks: readonly (readonly [sql: string, values: (string | number | Buffer)[], key: string])[] = [
      [sql.get, ["k1", now], "PRIMARY"],
      [sql.touch, [now, now, "k1", now], "PRIMARY"],
      [sql.update, ["", "", 1, 1, 1, 1, 1, "k1", 1, now], "PRIMARY"],
      [sql.deleteLive, ["k1", now], "PRIMARY"],
      [sql.list, [user, 0, 0, "", now, "100"], "by_user"],
      [sql.keysOfUser, [user, now, "", "100"], "by_user"],
      [sql.scan, ["k1", now, "10"], "PRIMARY"],
      [sql.holdKeys(2, true), ["k1", "k2", now, user], "PRIMARY"],
      [sql.deleteKeys(2), ["k1", "k2"], "PRIMARY"],
      [sql.deleteExpired, [now + 5000, "10"], "by_expiry"],
    ];
    for (const from of [pool, latin]) {
      for (const [statement, values, key] of asks) {
        const [plan] = (await from.execute<RowDataPacket[]>(`EXPLAIN ${statement}`, values))[0];
        expect([plan?.key, plan?.Extra ?? ""], statement).toEqual([
          key,
          expect.not.stringMatching(/filesort|temporary/),
        ]);
        if (/LIMIT/.test(statement) === false) expect(Number(plan?.rows), statement).toBeLessThanOrEqual(2);
      }
    }
  });

  test("that fail in the middle leave no transaction open and no connection behind", async () => {
    for (const verb of ["admit", "deleteAll", "clear"] as const) {
      const store = open({}, tapped(fail));
      const epoch = await open().epoch("ann");
      await open().create(`a${verb}`, record({ userId: "ann" }));
      let armed = false;
      function fail(statement: MysqlStatement | string): void {
        const sql = typeof statement === "string" ? statement : statement.sql;
        if (armed && /^(INSERT INTO `t\d+` |DELETE)/.test(sql)) throw new Error("injected");
      }
      await store.health();
      armed = true;
      const calls = {
        admit: () => store.admit("new", ofUser("ann"), { epoch, limit: 5 }),
        deleteAll: () => store.deleteAll("ann"),
        clear: () => store.clear(),
      };
      await expect(calls[verb]()).rejects.toThrow("injected");
      expect(await open().get("new")).toBeNull();
      expect(await open().get(`a${verb}`)).not.toBeNull();
      expect(await open().epoch("ann"), "nothing of it was done").toBe(epoch);
    }
    expect(await rows("SELECT trx_id FROM information_schema.innodb_trx")).toEqual([]);
  });
});

describe("what others undo", () => {
  test("a deadlock is met by doing it again, and nothing is done twice", async () => {
    const store = open();
    for (const key of ["a", "b"]) await store.create(key, record({ userId: "ann" }));
    const other = await pool.getConnection();
    try {
      await other.beginTransaction();
      // The server ends whichever has changed less: this one has changed more.
      await together(50, (index) => store.create(`x${index}`, record()));
      await other.query(`UPDATE ${table} SET version = version + 1 WHERE session_key LIKE 'x%'`);
      await other.query(`SELECT * FROM ${table} WHERE session_key = 'b' FOR UPDATE`);
      const before = await rows("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'");
      const revoked = store.deleteAll("ann");
      // It holds "a" and waits for "b".
      await until(async () => (await rows("SELECT 1 FROM information_schema.innodb_lock_waits")).length > 0);
      await other.query(`SELECT * FROM ${table} WHERE session_key = 'a' FOR UPDATE`);
      await other.commit();
      expect([...((await revoked) ?? [])].sort()).toEqual(["a", "b"]);
      const after = await rows("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'");
      expect(Number(after[0]?.Value)).toBe(Number(before[0]?.Value) + 1);
    } finally {
      other.release();
    }
  });

  test("is done again a few times, and then told", async () => {
    let tries = 0;
    const store = open(
      {},
      tapped((statement) => {
        if (typeof statement === "string" || !statement.sql.startsWith("UPDATE")) return;
        tries += 1;
        throw Object.assign(new Error("Deadlock found"), { errno: 1213 });
      }),
    );
    await store.create("a", record());
    await expect(store.touch("a", 1, 2)).rejects.toMatchObject({ errno: 1213 });
    expect(tries).toBe(8);
  });
});

describe("bulk verbs", () => {
  test("go on in transactions of a thousand, and stop at their limit", async () => {
    const store = open();
    await store.health();
    const now = clock();
    const values = Array.from({ length: 2300 }, (_, index) => [`k${index}`, "ann", "", index, now, now + 1000, 1]);
    const insert = `INSERT INTO ${table} (session_key, user_id, payload, created_at, seen_at, expires_at, version) VALUES ?`;
    await pool.query(insert, [values]);
    expect(await store.deleteAll("ann", { limit: 1100, except: "k0" })).toHaveLength(1100);
    expect(new Set(await store.deleteAll("ann", { limit: 5000, except: "k0" })).size).toBe(1199);
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["k0"]);
    await pool.query(insert, [values.slice(1)]);
    expect(await store.clear({ limit: 5000 })).toHaveLength(2300);
    await pool.query(insert, [values]);
    clock.advance(1000);
    expect(await store.deleteExpired({ limit: 1200 })).toBe(1200);
    expect(await store.deleteExpired({ limit: 5000 })).toBe(1100);
  });

  test("deleteAll() that finds sessions gone goes on: fewer ended must not look like none left", async () => {
    for (let index = 0; index < 30; index++) {
      await open().create(`k${index}`, record({ userId: "ann", createdAt: index }));
    }
    let gone = 0;
    const store = open(
      {},
      tapped(async (statement) => {
        if (typeof statement === "string" || !/session_key IN .* FOR UPDATE/s.test(statement.sql) || gone > 0) return;
        // It has chosen k0 to k9 and holds none of them yet.
        gone = (await together(5, (index) => open().delete(`k${index}`))).filter(Boolean).length;
      }),
    );
    const ended = (await store.deleteAll("ann", { limit: 10 })) ?? [];
    expect(gone).toBe(5);
    expect([...ended].sort()).toEqual(Array.from({ length: 10 }, (_, index) => `k${index + 5}`).sort());
  });
});

describe("epochs", () => {
  const DAY = 86_400_000;

  test("of users who do not come back are forgotten after a month, and a login from before is refused", async () => {
    const store = open();
    const [ann, bob] = [await store.epoch("ann"), await store.epoch("bob")];
    clock.advance(20 * DAY);
    expect(await store.epoch("ann"), "used again").toBe(ann);
    clock.advance(20 * DAY);
    await store.deleteExpired();
    expect(await rows(`SELECT CAST(user_id AS CHAR) AS user FROM ${table}_epochs`)).toEqual([{ user: "ann" }]);
    expect(await store.admit("a", ofUser("ann"), { epoch: ann })).toMatchObject({ status: "ok" });
    expect(await store.admit("b", ofUser("bob"), { epoch: bob })).toEqual({ status: "revoked" });
    const fresh = await store.epoch("bob");
    expect(fresh).not.toBe(bob);
    expect(await store.admit("b", ofUser("bob"), { epoch: fresh })).toMatchObject({ status: "ok" });
  });
});

describe("clients", () => {
  const connectionsOf = async (account: string) =>
    (await rows("SELECT id FROM information_schema.processlist WHERE user = ?", [account])).length;

  test("a URL makes a pool of its own, which close() ends", async () => {
    await pool.query("CREATE USER own@'%'");
    await pool.query("GRANT ALL ON test.* TO own@'%'");
    const url = server.url.replace("root@", "own@");
    const store = await openStore(`${url}?connectionLimit=3&table=${table}&sweepEvery=false`, { clock });
    expect(store.name).toBe("mysql");
    await together(20, (index) => store.create(`k${index}`, record()));
    expect(await connectionsOf("own")).toBe(3);
    await store.close();
    await until(async () => (await connectionsOf("own")) === 0, 30);
  });

  test("a pool with callbacks does as well, and close() leaves it open", async () => {
    const own = callbacks.createPool({ uri: server.url, connectionLimit: 2 });
    ends.push(() => own.promise().end());
    const store = open({}, own);
    await store.create("a", record());
    await store.close();
    expect(await rows("SELECT 1 AS one", [], own.promise())).toEqual([{ one: 1 }]);
  });

  test("one connection serves calls one after the other, and survives one that fails within a transaction", async () => {
    const own = await mysql.createConnection(server.url);
    ends.push(() => own.end());
    const store = open({}, own);
    await store.create("taken", record());
    const epoch = await store.epoch("ann");
    const results = await together<unknown>(10, (index) =>
      index % 2 ? store.admit(`k${index}`, ofUser("ann"), { epoch, limit: 3 }) : store.get("taken"),
    );
    expect(results.filter((result) => result !== null)).toHaveLength(10);
    await own.query(`ALTER TABLE ${table}_epochs RENAME COLUMN used_at TO away`);
    await expect(store.deleteAll("ann")).rejects.toMatchObject({ errno: 1054 });
    await own.query(`ALTER TABLE ${table}_epochs RENAME COLUMN away TO used_at`);
    expect(await store.deleteAll("ann")).toHaveLength(3);
  });

  test("an error of the server says nothing of the data", async () => {
    const store = open();
    await store.health();
    await pool.query(`ALTER TABLE ${table} ADD CONSTRAINT small CHECK (LENGTH(payload) < 10)`);
    const error = await store.create("a", record({ payload: "hunter2-hunter2", userId: "ann" })).then(
      () => expect.fail("stored"),
      (reason: Error) => reason,
    );
    expect(`${error.stack}${JSON.stringify(error)}`).not.toMatch(/hunter2/);
  });

  test("an expired row is swept by itself", async () => {
    const real = open({ sweepEvery: 1000, clock: undefined });
    await real.create("a", { payload: "", createdAt: 1, seenAt: 1, expiresAt: Date.now() + 100 });
    await until(async () => (await rows(`SELECT 1 FROM ${table}`)).length === 0, 30);
    await real.close();
  });
});
