/** Growth: every statement of the SQLite store finds its rows by an index. SQLite is asked for its plan of each. */
import Database from "libsql";
import { afterAll, describe, expect, it } from "vitest";
import { type SqliteDatabase, sqliteStore } from "../../../src/stores/sqlite.ts";

const ROWS = 20_000;
const NOW = 1_800_000_000_000;

const database = new Database(":memory:") as unknown as SqliteDatabase;
const texts: string[] = [];
const listening: SqliteDatabase = {
  exec: (sql) => database.exec(sql),
  prepare(sql) {
    texts.push(sql);
    return database.prepare(sql);
  },
  close: () => database.close(),
};
const store = sqliteStore(listening, { clock: () => NOW, sweepEvery: false });
await store.health();
database.exec(`INSERT INTO sojourn_sessions (key, user_id, payload, created_at, seen_at, expires_at, version)
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${ROWS})
  SELECT hex(randomblob(20)), 'user-' || (n % 2000), printf('%.*c', 300, 'x'), ${NOW} - n, ${NOW},
    ${NOW} + CASE WHEN n % 20 = 0 THEN -n ELSE 86400000 + n END, n FROM numbers`);
afterAll(async () => {
  await store.close();
  database.close();
});

const statements = texts.filter((sql) => /sojourn_sessions/.test(sql) && !/^\s*CREATE/.test(sql));

/** One line for each table that a statement reads: how it is found in it. */
function planOf(sql: string): readonly string[] {
  const count = (sql.match(/\?/g) ?? []).length;
  const values = Array.from({ length: count }, () => "[]");
  return (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]).map(
    ({ detail }) => detail,
  );
}

/** A table or an index from end to end. Keys that were given as JSON are walked, and so is a table of two rows. */
const isWalk = (step: string): boolean => /^SCAN /.test(step) && !/json_each|_meta/.test(step);

for (const state of ["before", "after"]) {
  describe(`SQLite with ${ROWS} sessions, ${state} its statistics`, () => {
    it("has statements that were all looked at", () => {
      expect(statements.length).toBeGreaterThanOrEqual(20);
    });

    for (const sql of statements) {
      it(sql.replace(/\s+/g, " ").slice(0, 90), () => {
        if (state === "after") database.exec("ANALYZE");
        const plan = planOf(sql);
        expect(plan.filter(isWalk)).toEqual([]);
        // A sort is of one user's, whom the index has found; never of what the table has.
        if (plan.some((step) => step.includes("TEMP B-TREE"))) expect(plan.join()).toMatch(/by_user/);
      });
    }
  });
}

it("a statement without an index would be found out", () => {
  expect(planOf("SELECT * FROM sojourn_sessions WHERE payload = ?").filter(isWalk)).toHaveLength(1);
});
