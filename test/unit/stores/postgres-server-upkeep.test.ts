/** What the tables are like after a while: heap-only updates, sweeps, plans over many rows. */
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { namesOf } from "../../../src/stores/postgres/names.ts";
import { statementsFor } from "../../../src/stores/postgres/statements.ts";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { table } from "../../support/table.ts";

const server = await startPostgres(["autovacuum=off"]);
const pool = new pg.Pool({ connectionString: server.url, max: 8 });
afterAll(async () => {
  await pool.end();
  await server.close();
});

const HOUR = 3_600_000;
const MINUTE = 60_000;
const clock = fakeClock();
const open = () => postgresStore(pool, { clock, table, sweepEvery: false });

/** Answers with the one row of a query. */
async function row(text: string, ...values: unknown[]): Promise<Record<string, unknown>> {
  return (await pool.query<Record<string, unknown>>(text, values)).rows[0] ?? {};
}

/** Counts of the statistics, which a connection passes on when it is idle for a second, or ends. */
async function counts(): Promise<Record<"updates" | "hot" | "index", number>> {
  const fresh = new pg.Client(server.url);
  await fresh.connect();
  try {
    const { rows } = await fresh.query(
      `SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot, pg_indexes_size($1::regclass)::int AS index
        FROM pg_stat_user_tables WHERE relid = $1::regclass`,
      [table],
    );
    return rows[0];
  } finally {
    await fresh.end();
  }
}

/** Makes so many live sessions of a hundred users at once, by SQL, as `create` would. */
async function fill(sessions: number, lifetime = HOUR): Promise<void> {
  await pool.query(
    `INSERT INTO ${table} (key, version, created_at, seen_at, expires_at, sweep_at, user_id, payload)
      SELECT translate(encode(sha256(n::text::bytea), 'base64'), '+/=', '-_'), n, moment, moment,
        moment + $3 * interval '1 ms', moment + $3 * interval '1 ms', 'user' || n % 100, repeat('x', 200)
      FROM generate_series(1, $1) AS n, to_timestamp($2::float8 / 1000) AS moment`,
    [sessions, clock(), lifetime],
  );
}

async function keys(): Promise<string[]> {
  const { rows } = await pool.query<{ key: string }>(`SELECT key FROM ${table} ORDER BY key`);
  return rows.map(({ key }) => key);
}

describe("a touch", () => {
  test("changes no index, and so does a write that keeps the user", async () => {
    const pools = Array.from({ length: 4 }, () => new pg.Pool({ connectionString: server.url, max: 1 }));
    const stores = pools.map((each) => postgresStore(each, { clock, table, sweepEvery: false }));
    await Promise.all(stores.map((store) => store.health()));
    await fill(1000);
    const all = await keys();
    const before = (await counts()).index;
    for (let turn = 1; turn <= 5; turn++) {
      clock.advance(MINUTE);
      const touch = async (key: string, index: number): Promise<void> => {
        const store = stores[index % 4] as (typeof stores)[0];
        expect(await store.touch(key, clock(), clock() + HOUR)).toBe(true);
        if (index % 3 > 0) return;
        const found = await store.get(key);
        if (!found) throw new Error("lost");
        const next = { ...found, payload: `${found.payload} ${turn}`, expiresAt: clock() + HOUR };
        expect((await store.update(key, next, found.version)).status).toBe("ok");
      };
      await Promise.all(all.map(touch));
    }
    await Promise.all(pools.map((each) => each.end()));
    await expect.poll(async () => (await counts()).updates).toBe(5 * (1000 + 334));
    const { hot, index } = await counts();
    expect(hot / (5 * 1334)).toBeGreaterThan(0.99);
    expect(index).toBe(before);
  });
});

describe("deleteExpired()", () => {
  test("puts off what was touched, once for all those touches", async () => {
    const store = open();
    await store.health();
    await fill(50);
    for (const key of (await keys()).slice(0, 20)) await store.touch(key, clock(), clock() + 3 * HOUR);
    clock.advance(HOUR);
    expect(await store.deleteExpired()).toBe(30);
    const next = await row(`SELECT count(*)::int AS rows, bool_and(sweep_at = expires_at) AS later FROM ${table}`);
    expect(next).toEqual({ rows: 20, later: true });
    clock.advance(HOUR);
    const before = await row(`SELECT sum(xmin::text::bigint)::text AS writers FROM ${table}`);
    expect(await store.deleteExpired()).toBe(0);
    expect(await row(`SELECT sum(xmin::text::bigint)::text AS writers FROM ${table}`)).toEqual(before);
    clock.advance(HOUR);
    expect(await store.deleteExpired()).toBe(20);
  });

  test("finds what expired behind any number of touched ones within its step, and the rest in the next call", async () => {
    const store = open();
    await store.health();
    await fill(10_500);
    await pool.query(`UPDATE ${table} SET expires_at = expires_at + interval '1 day'`);
    await fill(0);
    await store.create("expired", { payload: "", createdAt: clock(), seenAt: clock(), expiresAt: clock() + HOUR + 1 });
    clock.advance(HOUR + 1);
    // Steps for some eight thousand rows go by that are only put off.
    expect(await store.deleteExpired()).toBe(0);
    expect(await store.deleteExpired()).toBe(1);
  });

  test("finds what an update made expire sooner", async () => {
    const store = open();
    const record = { payload: "", createdAt: clock(), seenAt: clock(), expiresAt: clock() + HOUR };
    const version = await store.create("a", record);
    await store.update("a", { ...record, expiresAt: clock() + MINUTE }, version ?? "");
    clock.advance(MINUTE);
    expect(await store.deleteExpired()).toBe(1);
  });

  test("neither waits for rows that somebody holds nor takes them", async () => {
    const store = open();
    await store.health();
    await fill(30);
    clock.advance(HOUR);
    const holder = await pool.connect();
    await holder.query("BEGIN");
    await holder.query(`SELECT 1 FROM ${table} ORDER BY key LIMIT 10 FOR UPDATE`);
    expect(await store.deleteExpired()).toBe(20);
    await holder.query("ROLLBACK");
    holder.release();
    expect(await store.deleteExpired()).toBe(10);
  });

  test("of several processes at once share the work, and count each row once", async () => {
    const store = open();
    await store.health();
    await fill(5000);
    clock.advance(HOUR);
    const removed = await Promise.all(Array.from({ length: 6 }, () => open().deleteExpired({ limit: 1000 })));
    const sum = removed.reduce((total, each) => total + each, 0);
    expect(await row(`SELECT count(*)::int AS left FROM ${table}`)).toEqual({ left: 5000 - sum });
    expect(removed.every((each) => each <= 1000)).toBe(true);
    while ((await store.deleteExpired({ limit: 1000 })) > 0);
    expect(await row(`SELECT count(*)::int AS left FROM ${table}`)).toEqual({ left: 0 });
  });

  test("is what the store does by itself, now and then", async () => {
    const real = postgresStore(pool, { table, sweepEvery: 1000 });
    const past = { payload: "", createdAt: 0, seenAt: 0, expiresAt: Date.now() + 50 };
    await real.create("a", past);
    await expect
      .poll(() => row(`SELECT count(*)::int AS left FROM ${table}`), { timeout: 20_000, interval: 100 })
      .toEqual({ left: 0 });
    await real.close();
  });
});

describe("over many rows", () => {
  test("no statement walks through the table, whatever the planner believes", async () => {
    const store = open();
    await store.health();
    await fill(30_000);
    await pool.query(`ANALYZE ${table}`);
    const names = namesOf("public", table);
    const { get, create, update, touch, remove, list, scan, sweep } = statementsFor(names);
    const given: Record<string, [text: string, values: (string | number | null)[]]> = {
      get: [get.text, ["a", 0]],
      create: [create.text, ["a", "1", 0, 0, 1e13, null, "p", 0]],
      update: [update.text, ["a", "1", "2", 0, 0, 1e13, null, "p", 0]],
      touch: [touch.text, ["a", 0, 1e13, 0]],
      remove: [remove.text, ["a", 0, null]],
      list: [list.text, ["user7", 0, "-Infinity", "", 101]],
      scan: [scan.text, ["", 0, 101]],
      sweep: [sweep.text, [clock() + 2 * HOUR, 1000]],
    };
    const client = await pool.connect();
    try {
      for (const [name, [text, values]] of Object.entries(given)) {
        const literals = values.map((value) => (value === null ? "NULL" : `'${value}'`));
        await client.query(`PREPARE p_${name} AS ${text}`);
        for (const mode of ["force_custom_plan", "force_generic_plan"]) {
          await client.query(`SET plan_cache_mode = ${mode}`);
          const { rows } = await client.query(`EXPLAIN EXECUTE p_${name}(${literals.join(", ")})`);
          const plan = rows.map((line) => line["QUERY PLAN"]).join("\n");
          expect(plan, `${name}, ${mode}`).toMatch(/Index Scan|Insert on/);
          expect(plan, `${name}, ${mode}`).not.toMatch(/Seq Scan on/);
        }
      }
    } finally {
      client.release(true);
    }
  });

  test("a user's sessions are ended without a look at anybody else's", async () => {
    const store = open();
    await store.health();
    await fill(30_000);
    await pool.query(`VACUUM ANALYZE ${table}`);
    const ended = await store.deleteAll("user7", { limit: 1000 });
    expect(ended).toHaveLength(300);
    expect(await store.list("user7")).toEqual({ items: [] });
    expect((await store.list("user8", { limit: 1000 })).items).toHaveLength(300);
  });

  test.each(["deleteAll", "clear"] as const)(
    "%s() goes on past what ends meanwhile: a short answer means that none is left",
    async (verb) => {
      const store = open();
      for (const key of ["a", "b", "c", "d"]) {
        await store.create(key, { payload: "", userId: "ann", createdAt: 0, seenAt: 0, expiresAt: clock() + HOUR });
      }
      const other = await pool.connect();
      await other.query("BEGIN");
      await other.query(`DELETE FROM ${table} WHERE key IN ('a', 'b')`);
      const ending = verb === "clear" ? store.clear({ limit: 2 }) : store.deleteAll("ann", { limit: 2 });
      const waiting = "SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted";
      await expect.poll(() => row(waiting)).toEqual({ waiting: 1 });
      await other.query("COMMIT");
      other.release();
      expect([...((await ending) ?? [])].sort()).toEqual(["c", "d"]);
    },
  );

  test("clear() goes through in bounded calls", async () => {
    const store = open();
    await store.health();
    await fill(2500);
    const sizes: number[] = [];
    do sizes.push((await store.clear()).length);
    while (sizes.at(-1) === 1000);
    expect(sizes).toEqual([1000, 1000, 500]);
  });
});
