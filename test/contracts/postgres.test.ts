import pg from "pg";
import postgres from "postgres";
import { afterAll } from "vitest";
import { type PostgresClient, type PostgresStoreOptions, postgresStore } from "../../src/stores/postgres.ts";
import { startPooler, startPostgres } from "../servers/postgres.ts";
import { contract } from "../support/contract.ts";
import { listening } from "../support/listening.ts";

// Far from UTC, by half an hour too, with daylight saving time, and dates written day first.
const server = await startPostgres(["timezone=America/New_York", "datestyle=German, DMY"]);
const pooler = await startPooler(server);
const pool = new pg.Pool({ connectionString: server.url, max: 10 });
const pooled = new pg.Pool({ connectionString: pooler.url, max: 10 });
const sql = postgres(server.url, { max: 10, connection: { TimeZone: "Asia/Kolkata" }, onnotice: () => {} });
afterAll(async () => {
  await Promise.all([pool.end(), pooled.end(), sql.end(), ear.end()]);
  await Promise.all([server.close(), pooler.close()]);
});

// Around the pooler. That a pool gives one of its own is seen in test/unit/stores/postgres-server-watch.test.ts.
const ear = await listening(server.url);
const { listen } = ear;

const clients: readonly [
  name: string,
  source: PostgresClient,
  options: PostgresStoreOptions,
  handles: "one" | "shared",
][] = [
  ["a pool of pg, New York", pool, { listen }, "shared"],
  ["postgres, Kolkata", sql, {}, "one"],
  ["a pool of pg behind PgBouncer", pooled, { listen }, "shared"],
];

for (const [name, source, options, handles] of clients) {
  await contract({
    title: name,
    handles,
    durable: true,
    histories: 4,
    open: async (context) => {
      const store = postgresStore(source, { ...options, clock: context.clock, table: context.name, sweepEvery: false });
      // Nor does it give the time to make tables.
      await store.health();
      return store;
    },
  });
}
