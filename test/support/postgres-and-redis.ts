import pg from "pg";
import { createClient } from "redis";
import { afterAll, afterEach } from "vitest";
import { type PostgresStore, postgresStore } from "../../src/stores/postgres.ts";
import { type RedisStore, redisStore } from "../../src/stores/redis.ts";
import type { StoreContext } from "../../src/testing/contract/trial.ts";
import { startPostgres } from "../servers/postgres.ts";
import { ask, startRedis } from "../servers/redis.ts";
import { listening } from "./listening.ts";

/** One server of each for the test file, and stores over them. */
export async function startPostgresAndRedis(): Promise<{
  /** It has made its tables, for which the contract suite does not wait. */
  postgres(context: StoreContext): Promise<PostgresStore>;
  redis(context: StoreContext): RedisStore;
}> {
  const [database, server] = await Promise.all([startPostgres(), startRedis()]);
  const pool = new pg.Pool({ connectionString: database.url, max: 10 });
  const ear = await listening(database.url);
  const client = await createClient({ url: `redis://127.0.0.1:${server.port}` })
    .on("error", () => {})
    .connect();
  // Every case has a prefix of its own; what earlier ones left behind only makes scans longer.
  afterEach(() => ask(server.port, "FLUSHALL"));
  afterAll(async () => {
    client.destroy();
    await Promise.all([pool.end(), ear.end()]);
    await Promise.all([database.close(), server.close()]);
  });
  return {
    async postgres({ clock, name }) {
      const store = postgresStore(pool, { clock, table: name, listen: ear.listen, sweepEvery: false });
      await store.health();
      return store;
    },
    redis: ({ clock, name }) => redisStore(client, { clock, prefix: `${name}:` }),
  };
}
