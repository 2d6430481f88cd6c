/** Reads and updates of one moment, which become one statement, over a real server: each is answered as if it were alone. */
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import type { SessionRecord, Version } from "../../../src/record.ts";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { until } from "../../servers/process.ts";

const server = await startPostgres(["deadlock_timeout=20ms"]);
const pools = [0, 1].map(() => new pg.Pool({ connectionString: server.url, max: 4 }));
const [pool, otherPool] = pools as [pg.Pool, pg.Pool];
const statements: string[] = [];
const counted = new Proxy(pool, {
  get(target, property) {
    const value: unknown = Reflect.get(target, property, target);
    if (property !== "query") return typeof value === "function" ? value.bind(target) : value;
    return (config: { text: string; values: unknown[] }) => {
      statements.push(config.text);
      return target.query(config);
    };
  },
});
const store = postgresStore(counted, { sweepEvery: false });
const other = postgresStore(otherPool, { sweepEvery: false });
afterAll(async () => {
  await Promise.all([store.close(), other.close()]);
  await Promise.all(pools.map((each) => each.end()));
  await server.close();
});

const record = (payload: string, changes: Partial<SessionRecord> = {}): SessionRecord => ({
  payload,
  createdAt: 1,
  seenAt: Date.now(),
  expiresAt: Date.now() + 3_600_000,
  ...changes,
});

let made = 0;
/** Fresh records, by key. */
async function created(count: number): Promise<Map<string, Version>> {
  made += 1;
  const keys = Array.from({ length: count }, (_, index) => `${made}-${index}`);
  const versions = await Promise.all(keys.map((key) => store.create(key, record("first"))));
  return new Map(keys.map((key, index) => [key, versions[index] as Version]));
}

test("thirty reads of one turn are one statement, and each finds its own", async () => {
  const sessions = await created(28);
  const odd = ['quo"te', "back\\slash", "{brace},comma", "üñï 🎉", ""];
  for (const key of odd) await store.create(key, record(key, { userId: key }));
  statements.length = 0;
  const keys = [...sessions.keys()].slice(0, 24).concat("nobody", ...odd);
  const found = await Promise.all(keys.map((key) => store.get(key)));
  expect(statements).toHaveLength(1);
  expect(found.map((each) => each?.payload)).toEqual([...Array(24).fill("first"), undefined, ...odd]);
  expect(found.slice(25).map((each) => each?.userId)).toEqual(odd);
});

test("updates of one turn are one statement, and each is told how it ended", async () => {
  const sessions = await created(4);
  const [fits, late, gone, twice] = [...sessions.keys()] as [string, string, string, string];
  const of = (key: string): Version => sessions.get(key) ?? 0;
  await store.update(late, record("winner", { userId: "ann" }), of(late));
  await store.delete(gone);
  statements.length = 0;
  const results = await Promise.all([
    store.update(fits, record('a "quoted" \\ \n 🎉', { userId: 'u"' }), of(fits)),
    store.update(late, record("loser"), of(late)),
    store.update(gone, record("back?"), of(gone)),
    store.update(twice, record("one"), of(twice)),
    store.update(twice, record("two"), of(twice)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["ok", "conflict", "gone", "ok", "conflict"]);
  expect(results[1]).toMatchObject({ current: { payload: "winner", userId: "ann" } });
  expect(results[4]).toMatchObject({ current: { payload: "one" } });
  // All together, and alone who was not answered by that: the one that is gone, and the second of the same row.
  expect(statements).toHaveLength(3);
  expect(await store.get(fits)).toMatchObject({
    payload: 'a "quoted" \\ \n 🎉',
    userId: 'u"',
    version: (results[0] as { version: Version }).version,
  });
  expect(await store.get(gone)).toBeNull();
});

test("a row that somebody holds does not hold up the others", async () => {
  const sessions = await created(3);
  const [held, ...free] = [...sessions.keys()] as [string, string, string];
  const holder = await otherPool.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT 1 FROM sojourn_sessions WHERE key = $1 FOR UPDATE", [held]);
  const update = (key: string) => store.update(key, record("second"), sessions.get(key) ?? 0);
  let waits = true;
  const waiting = update(held).finally(() => {
    waits = false;
  });
  expect((await Promise.all(free.map(update))).map(({ status }) => status)).toEqual(["ok", "ok"]);
  expect(waits).toBe(true);
  await holder.query("COMMIT");
  holder.release();
  expect((await waiting).status).toBe("ok");
});

test("what the database refuses of one is stored of the others", async () => {
  const sessions = await created(3);
  const [bad, ...good] = [...sessions.keys()] as [string, string, string];
  const results = await Promise.allSettled([
    // Longer than an entry of an index may be, whatever it is compressed to.
    store.update(
      bad,
      record("x", { userId: Array.from({ length: 400 }, () => crypto.randomUUID()).join() }),
      sessions.get(bad) ?? 0,
    ),
    ...good.map((key) => store.update(key, record("second"), sessions.get(key) ?? 0)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  expect((await store.get(bad))?.payload).toBe("first");
  expect((await store.get(good[0] ?? ""))?.payload).toBe("second");
});

test("two processes that change the same rows in opposite orders lose nothing and wait for no deadlock", async () => {
  const sessions = await created(10);
  const keys = [...sessions.keys()];
  const count = async (who: typeof store, key: string): Promise<void> => {
    for (;;) {
      const found = await who.get(key);
      const next = record(String(Number(found?.payload === "first" ? 0 : found?.payload) + 1));
      if ((await who.update(key, next, found?.version ?? 0)).status === "ok") return;
    }
  };
  for (let turn = 0; turn < 20; turn++) {
    await Promise.all([...keys.map((key) => count(store, key)), ...keys.toReversed().map((key) => count(other, key))]);
  }
  expect((await Promise.all(keys.map((key) => store.get(key)))).map((each) => each?.payload)).toEqual(
    keys.map(() => "40"),
  );
  expect(server.output).not.toContain("deadlock detected");
});

test("what was asked for before close() is still done", async () => {
  const closing = postgresStore(otherPool, { sweepEvery: false });
  const sessions = await created(2);
  const [a, b] = [...sessions.keys()] as [string, string];
  await closing.health();
  const answers = Promise.all([
    closing.get(a),
    closing.update(a, record("second"), sessions.get(a) ?? 0),
    closing.update(b, record("second"), sessions.get(b) ?? 0),
  ]);
  await closing.close();
  expect((await answers).map((each) => each && "status" in each && each.status)).toEqual([false, "ok", "ok"]);
  await expect(closing.get(a)).rejects.toThrow("has been closed");
  await until(() => otherPool.totalCount === otherPool.idleCount, 30, "every connection back in the pool");
});
