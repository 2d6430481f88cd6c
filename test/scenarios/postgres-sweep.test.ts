/** Four processes that sweep one table at once, under load: each row is counted once, and nobody is in anybody's way. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, expect, it } from "vitest";
import { postgresStore } from "../../src/stores/postgres.ts";
import { startPostgres } from "../servers/postgres.ts";
import { until } from "../servers/process.ts";

const NOW = 1_800_000_000_000;
const [EXPIRED, TOUCHED, LIVE] = [8_000, 1_000, 1_000];

const server = await startPostgres();
const pool = new pg.Pool({ connectionString: server.url, max: 3 });
pool.on("error", () => {});
afterAll(async () => {
  await pool.end();
  await server.close();
});

const sweeper = fileURLToPath(new URL("./postgres-sweeper.ts", import.meta.url));

async function run(name: string): Promise<{ readonly removed: number; readonly missing: number }> {
  const args = ["--import", "tsx", sweeper, server.url, String(NOW), name, String(LIVE)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as { removed: number; missing: number };
}

it("four processes sweep one table under load: no row twice, none forgotten, no deadlock", {
  timeout: 120_000,
}, async () => {
  const store = postgresStore(pool, { clock: () => NOW, sweepEvery: false });
  await store.health();
  // Over; touched since the sweeper last looked, so only to be put off; and in nobody's turn.
  await pool.query(`INSERT INTO sojourn_sessions
    (key, version, created_at, seen_at, expires_at, sweep_at, user_id, payload)
    SELECT kind || '-' || n, n, at, at, at + life, at + turn, 'user-' || n % 500, repeat('x', 200)
    FROM (VALUES ('over', ${EXPIRED}, interval '-1 second', interval '-1 second'),
        ('touched', ${TOUCHED}, interval '1 hour', interval '-1 minute'),
        ('live', ${LIVE}, interval '1 hour', interval '1 hour')) AS kinds (kind, many, life, turn),
      LATERAL generate_series(0, many - 1) AS n, LATERAL (SELECT to_timestamp(${NOW / 1000}) AS at) AS start`);
  const gate = await pool.connect();
  await gate.query("SELECT pg_advisory_lock(1)");
  const running = Promise.all(["a", "b", "c", "d"].map(run));
  const waiting = "SELECT count(*)::int AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  await until(async () => (await pool.query(waiting)).rows[0]?.waiting === 4, 60, "four processes at the gate");
  await gate.query("SELECT pg_advisory_unlock(1)");
  gate.release();
  const found = await running;
  expect(found.map(({ missing }) => missing)).toEqual([0, 0, 0, 0]);
  expect(found.reduce((sum, { removed }) => sum + removed, 0)).toBe(EXPIRED);
  // The work was shared, or this has shown nothing.
  expect(found.filter(({ removed }) => removed > 0).length).toBeGreaterThan(1);
  const { rows } = await pool.query(`SELECT count(*) FILTER (WHERE key LIKE 'over%')::int AS over,
      count(*) FILTER (WHERE key LIKE 'touched%' AND sweep_at = expires_at)::int AS touched,
      count(*) FILTER (WHERE key LIKE 'live%')::int AS live,
      (SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()) AS deadlocks
    FROM sojourn_sessions`);
  expect(rows[0]).toEqual({ over: 0, touched: TOUCHED, live: LIVE, deadlocks: 0 });
  await store.close();
});
