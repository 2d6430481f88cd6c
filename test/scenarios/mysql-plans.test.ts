/**
 * Growth: every statement of the store finds its rows by an index. The server counts the rows that it reads, whatever it
 * was that asked for them; and it is asked for its plan of each statement.
 */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import { namesOf } from "../../src/stores/mysql/schema.ts";
import { statementsFor } from "../../src/stores/mysql/statements.ts";
import { type MysqlStore, mysqlStore } from "../../src/stores/mysql.ts";
import { startMariadb } from "../servers/mariadb.ts";

const ROWS = 20_000;
const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

const server = await startMariadb();
const pool = mysql.createPool({ uri: server.url, connectionLimit: 2 });
const store: MysqlStore = mysqlStore(pool, { clock: () => NOW, sweepEvery: false, notify: false });

const key = (index: number): string => `key-${(index * 7_919) % ROWS}`;

beforeAll(async () => {
  await store.health();
  // Two thousand users, of whom one has a thousand sessions; every twentieth session is over.
  await pool.query(`INSERT INTO sojourn_sessions
    SELECT CONCAT('key-', seq), CONCAT('user-', IF(seq % 20 = 7, 7, seq % 2000)), REPEAT('x', 300), ${NOW} - seq, ${NOW},
      ${NOW} + IF(seq % 20 = 0, -1000 - CAST(seq AS SIGNED), 86400000 + seq), seq FROM seq_0_to_${ROWS - 1}`);
  await pool.query(
    `INSERT INTO sojourn_sessions_epochs (user_id, epoch, used_at) SELECT CONCAT('user-', seq), 1, ${NOW} FROM seq_0_to_1999`,
  );
});
afterAll(async () => {
  await store.close();
  await pool.end();
  await server.close();
});

/** Rows that the server has read so far, by whatever way. */
async function rowsRead(): Promise<number> {
  const [rows] = await pool.query("SHOW GLOBAL STATUS LIKE 'Handler_read%'");
  const counted = (rows as { Variable_name: string; Value: string }[]).filter(
    // "retry" and "deleted" count no rows that were given.
    ({ Variable_name }) => !/retry|deleted/.test(Variable_name),
  );
  return counted.reduce((sum, { Value }) => sum + Number(Value), 0);
}

const record = (userId?: string): SessionRecord => ({
  payload: "x".repeat(300),
  userId,
  createdAt: NOW,
  seenAt: NOW,
  expiresAt: NOW + HOUR,
});

let made = 0;
const fresh = (): string => {
  made += 1;
  return `fresh-${made}`;
};

/** What each verb does, and the most rows that it may read. */
const verbs: Record<string, readonly [most: number, work: () => Promise<unknown>]> = {
  get: [2, () => store.get("key-11")],
  create: [2, () => store.create(fresh(), record("user-3"))],
  update: [6, async () => store.update("key-11", record("user-11"), (await store.get("key-11"))?.version ?? 0)],
  touch: [4, () => store.touch("key-12", NOW, NOW + 2 * HOUR)],
  delete: [4, () => store.delete(`key-${13 + 20 * made}`)],
  epoch: [5, () => store.epoch("user-5")],
  admit: [
    60,
    async () => {
      const admission = { epoch: await store.epoch("user-6"), limit: 3 };
      return store.admit(fresh(), { ...record(), userId: "user-6" }, admission);
    },
  ],
  "list, the first page": [205, () => store.list("user-7")],
  "list, the second page": [410, async () => store.list("user-7", { cursor: (await store.list("user-7")).cursor })],
  "list of a user with few": [40, () => store.list("user-8")],
  deleteAll: [80, () => store.deleteAll(`user-${100 + made}`)],
  scan: [230, () => store.scan()],
  "scan, a later page": [230, () => store.scan({ cursor: key(500) })],
  clear: [700, () => store.clear({ limit: 100 })],
  deleteExpired: [120, () => store.deleteExpired({ limit: 50 })],
  health: [6, () => store.health()],
};

for (const state of ["before its tables were analysed", "after that"]) {
  describe(`MariaDB with ${ROWS} sessions, ${state}`, () => {
    if (state === "after that") {
      beforeAll(() => pool.query("ANALYZE TABLE sojourn_sessions, sojourn_sessions_epochs, sojourn_sessions_meta"));
    }

    for (const [name, [most, work]] of Object.entries(verbs)) {
      it(`${name} reads at most ${most} rows`, async () => {
        await work();
        made += 1;
        const question = await rowsRead();
        const before = await rowsRead();
        await work();
        // What the question itself reads, in tables of the server's own, is the same each time.
        expect((await rowsRead()) - before - (before - question)).toBeLessThanOrEqual(most);
      });
    }

    it("each statement has a plan that walks no table and no index from end to end", async () => {
      const { holdKeys, deleteKeys, begin: _, ...plain } = { begin: "", ...statementsFor(namesOf("sojourn_sessions")) };
      const texts = { ...plain, holdKeys: holdKeys(10, true), deleteKeys: deleteKeys(10) };
      for (const [name, sql] of Object.entries(texts)) {
        if (sql.startsWith("INSERT")) continue;
        // Values of the kinds that the store gives, in their places.
        let place = 0;
        const value = (before: string): string => {
          place += 1;
          if (/LIMIT $/.test(before)) return "100";
          if (/(used_at|expires_at) <= $/.test(before)) return String(NOW - 2000);
          if (/user_id (<=>|=|IS) $/.test(before)) return "'user-8'";
          return /session_key (=|<>|>) $|IN \((\?, )*[^)]*$/.test(before) ? `'key-${place}'` : String(NOW);
        };
        const filled = sql.replace(/\?/g, (_mark, at: number) => value(sql.slice(0, at)));
        const [rows] = await pool.query(`EXPLAIN ${filled}`);
        for (const { table, type, key: used } of rows as { table: string; type: string; key: string | null }[]) {
          if (table === null || /meta$|^m$/.test(table)) continue;
          expect(["ALL", "index"], `${name}: ${filled} by ${used}`).not.toContain(type);
        }
      }
    });
  });
}

it("a statement without an index would be found out", async () => {
  const before = await rowsRead();
  await pool.query("SELECT COUNT(*) FROM sojourn_sessions WHERE payload = 'y'");
  expect((await rowsRead()) - before).toBeGreaterThan(ROWS / 2);
});
