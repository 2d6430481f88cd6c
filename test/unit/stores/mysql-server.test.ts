/** The store over a real server: its tables, its statements, its round trips. The contract suite is in test/contracts. */
import callbacks from "mysql2";
import type { Pool, RowDataPacket } from "mysql2/promise";
import mysql from "mysql2/promise";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import type { MysqlPool, MysqlPoolConnection, MysqlStatement } from "../../../src/stores/mysql/client.ts";
import { namesOf, prepareSchema, type Step, schemaScript } from "../../../src/stores/mysql/schema.ts";
import { Session } from "../../../src/stores/mysql/session.ts";
import { statementsFor } from "../../../src/stores/mysql/statements.ts";
import { type MysqlClient, type MysqlStoreOptions, mysqlStore } from "../../../src/stores/mysql.ts";
import { openStore } from "../../../src/stores/open.ts";
import { fakeClock } from "../../../src/testing/index.ts";
import { startMariadb } from "../../servers/mariadb.ts";
import { until } from "../../servers/process.ts";

const server = await startMariadb();
const pool = mysql.createPool({ uri: server.url, connectionLimit: 8, multipleStatements: true });
const ends: (() => unknown)[] = [() => pool.end()];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await server.close();
});

const clock = fakeClock();
let tables = 0;
let table = "";
beforeEach(() => {
  tables += 1;
  table = `t${tables}`;
});

const open = (options: MysqlStoreOptions = {}, source: string | MysqlClient = pool) =>
  mysqlStore(source, { clock, table, sweepEvery: false, ...options });

const record = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
  payload: "data",
  createdAt: clock(),
  seenAt: clock(),
  expiresAt: clock() + 3_600_000,
  ...changes,
});

const ofUser = (userId: string, changes: Partial<SessionRecord> = {}) => ({ ...record(changes), userId });

const many = <T>(times: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => call(index)));

async function rows(sql: string, values: unknown[] = [], from: Pool = pool): Promise<RowDataPacket[]> {
  return (await from.query<RowDataPacket[]>(sql, values))[0];
}

/** A pool of an account that may do nothing but what is granted. */
async function poolOf(account: string, grant: string): Promise<Pool> {
  await pool.query(`CREATE USER ${account}@'%'`);
  await pool.query(`GRANT ${grant} TO ${account}@'%'`);
  const database = /ON (\w+)/.exec(grant)?.[1];
  const uri = server.url.replace("root@", `${account}@`).replace("/test", `/${database}`);
  const own = mysql.createPool({ uri, connectionLimit: 2 });
  ends.push(() => own.end());
  return own;
}

/** The pool, with every statement in view: for failures in the middle of something. */
function tapped(before: (statement: MysqlStatement | string) => unknown): MysqlPool {
  return {
    async getConnection(): Promise<MysqlPoolConnection> {
      const connection = await pool.getConnection();
      return {
        execute: async (statement) => {
          await before(statement);
          return connection.execute(statement);
        },
        query: async (sql) => {
          await before(sql);
          return connection.query(sql);
        },
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      };
    },
  };
}

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
    await many(10, (index) => stores[index]?.create(`${index}`, record()) as Promise<unknown>);
    expect((await open().scan()).items).toHaveLength(10);
    await pool.query(`DROP TABLE ${table}_meta`);
    await open().create("after", record());
    expect((await open().scan()).items).toHaveLength(11);
  });

  test("of an older layout are brought up to date by one of many, and those of a newer one are refused", async () => {
    const names = namesOf(table);
    await open().health();
    let run = 0;
    const second: Step = {
      layout: 2,
      compatible: 2,
      statements: ({ sessions }) => {
        run += 1;
        // Fails when it is run twice, so the lock has to hold.
        return [`ALTER TABLE ${sessions} ADD COLUMN extra int NULL`];
      },
    };
    const first: Step = { layout: 1, compatible: 1, statements: () => expect.fail("has been made") };
    await many(6, async () => {
      const connection = await pool.getConnection();
      await prepareSchema(new Session(connection), names, true, [first, second]);
      connection.release();
    });
    expect(run).toBe(1);
    const why = /layout 2, this release of Sojourn reads layout 1/;
    await expect(open().get("a")).rejects.toMatchObject({
      code: "SOJOURN_STORE_UNAVAILABLE",
      message: expect.stringMatching(why),
    });
    await pool.query(schemaScript({ table, view: false }));
    await expect(open().get("a")).rejects.toThrow("layout 2");
    // As one that this release can still work with.
    await pool.query(`UPDATE ${names.meta} SET value = 1 WHERE name = 'compatible'`);
    expect(await open().get("a")).toBeNull();
  });

  test("need no more than four rights", async () => {
    // Not the database "test", in which MariaDB lets everybody do everything.
    await pool.query("CREATE DATABASE rights");
    const app = await poolOf("app", "SELECT, INSERT, UPDATE, DELETE ON rights.*");
    for (const create of ["auto", false] as const) {
      await expect(open({ create }, app).get("a")).rejects.toThrow(
        create ? /command denied/ : /are missing: run what `npx sojourn schema mysql` prints/,
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

  test("that were emptied under the store are told, and a store that is opened anew has them again", async () => {
    const store = open();
    await store.epoch("ann");
    await pool.query(`DELETE FROM ${table}_meta`);
    await expect(store.epoch("ann")).rejects.toThrow("have been emptied");
    expect(await open().epoch("ann")).toMatch(/^\d+\.\d+$/);
  });
});

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
    const store = open({}, one);
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
      await count(async () => store.health(), 1);
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

  test("are four for a login, six with a limit, nine with one ended, six for the end of all of a user", async () => {
    const store = open();
    const epoch = await store.epoch("ann");
    const login = (key: string, limit?: number) => () => store.admit(key, ofUser("ann"), { epoch, limit });
    const trips = async (call: () => Promise<unknown>) => (await asked(call))[0];
    expect(await trips(() => store.epoch("ann"))).toBe(1);
    expect(await trips(login("a"))).toBe(4);
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
      [sql.update, ["", "", 1, 1, 1, "k1", 1, now], "PRIMARY"],
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
      await many(50, (index) => store.create(`x${index}`, record()));
      await other.query(`UPDATE ${table} SET version = version + 1 WHERE session_key LIKE 'x%'`);
      await other.query(`SELECT * FROM ${table} WHERE session_key = 'b' FOR UPDATE`);
      const before = await rows("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'");
      const revoked = store.deleteAll("ann");
      // It holds "a" and waits for "b".
      await until(async () => (await rows("SELECT 1 FROM information_schema.innodb_lock_waits")).length > 0);
      await other.query(`SELECT * FROM ${table} WHERE session_key = 'a' FOR UPDATE`);
      await other.commit();
      expect([...(await revoked)].sort()).toEqual(["a", "b"]);
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
        gone = (await many(5, (index) => open().delete(`k${index}`))).filter(Boolean).length;
      }),
    );
    const ended = await store.deleteAll("ann", { limit: 10 });
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
    await many(20, (index) => store.create(`k${index}`, record()));
    expect(await connectionsOf("own")).toBe(3);
    await store.close();
    await until(async () => (await connectionsOf("own")) === 0, 5);
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
    const results = await many<unknown>(10, (index) =>
      index % 2 ? store.admit(`k${index}`, ofUser("ann"), { epoch, limit: 3 }) : store.get("taken"),
    );
    expect(results.filter((result) => result !== null)).toHaveLength(10);
    await own.query(`RENAME TABLE ${table}_epochs TO ${table}_away`);
    await expect(store.deleteAll("ann")).rejects.toMatchObject({ errno: 1146 });
    await own.query(`RENAME TABLE ${table}_away TO ${table}_epochs`);
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
    await until(async () => (await rows(`SELECT 1 FROM ${table}`)).length === 0, 5);
    await real.close();
  });
});
