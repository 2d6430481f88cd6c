import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, afterEach, describe, it } from "vitest";
import type { Clock } from "../../src/clock.ts";
import type { NotifyingClient, PostgresStore } from "../../src/stores/postgres.ts";
import { postgresStore } from "../../src/stores/postgres.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { ScanStore, UserStore, WatchStore } from "../../src/stores/store.ts";
import { storeContract } from "../../src/testing/contract/contract.ts";
import { startPostgres } from "../servers/postgres.ts";
import { ask, startRedis } from "../servers/redis.ts";
import { halvedStore } from "../support/halved.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-migrating-"));
const [database, redis] = await Promise.all([startPostgres(), startRedis()]);
const pool = new pg.Pool({ connectionString: database.url, max: 10 });
const client = await createClient({ url: `redis://127.0.0.1:${redis.port}` })
  .on("error", () => {})
  .connect();
// Open already: the suite gives a watcher 20 ms to begin.
const ear = new pg.Client(database.url);
ear.setMaxListeners(0);
await ear.connect();
const listen = (): NotifyingClient => ({
  query: (text) => ear.query(text),
  on: ear.on.bind(ear),
  end: async () => {},
});
// Every case has a prefix of its own; what earlier ones left behind only makes scans longer.
afterEach(() => ask(redis.port, "FLUSHALL"));
afterAll(async () => {
  client.destroy();
  await Promise.all([pool.end(), ear.end()]);
  await Promise.all([database.close(), redis.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** It has made its tables, for which the suite does not wait either. */
async function target(clock: Clock, name: string): Promise<PostgresStore> {
  const store = postgresStore(pool, { clock, table: name, listen, sweepEvery: false });
  await store.health();
  return store;
}

type Source = (clock: Clock, name: string) => UserStore & ScanStore & WatchStore;
const sources: readonly [name: string, open: Source][] = [
  [
    "SQLite",
    (clock, name) =>
      sqliteStore(join(folder, `${name}.db`), { clock, durability: "normal", watchEvery: 10, sweepEvery: false }),
  ],
  ["Redis", (clock, name) => redisStore(client, { clock, prefix: `${name}:` })],
];

// What processes do to each other is in test/scenarios/migrating-interleavings.test.ts, and values are what the stores' own suites try.
for (const [source, open] of sources) {
  await storeContract({
    describe: (name, body) =>
      name.startsWith("values")
        ? undefined
        : describe(`${source} to PostgreSQL, half of it made in the old: ${name}`, body),
    it: (name, body) => it(name, body, 120_000),
    durable: true,
    histories: 1,
    open: async ({ clock, name }) => halvedStore(open(clock, name), await target(clock, name), clock),
  });
}
