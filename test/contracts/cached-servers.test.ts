import pg from "pg";
import { createClient } from "redis";
import { afterAll, afterEach, describe, it } from "vitest";
import { cachedStore } from "../../src/stores/cached.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { NotifyingClient } from "../../src/stores/postgres.ts";
import { postgresStore } from "../../src/stores/postgres.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { storeContract } from "../../src/testing/contract/contract.ts";
import { startPostgres } from "../servers/postgres.ts";
import { ask, startRedis } from "../servers/redis.ts";

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
});

await storeContract({
  describe: (name, body) => describe(`PostgreSQL behind memory: ${name}`, body),
  it: (name, body) => it(name, body, 120_000),
  durable: true,
  histories: 4,
  open: async ({ clock, name }) => {
    const far = postgresStore(pool, { clock, table: name, listen, sweepEvery: false });
    await far.health();
    return cachedStore(memoryStore({ clock }), far, { clock });
  },
});

await storeContract({
  describe: (name, body) => describe(`Redis behind memory: ${name}`, body),
  it: (name, body) => it(name, body, 120_000),
  durable: true,
  histories: 4,
  open: ({ clock, name }) => {
    const far = redisStore(client, { clock, prefix: `${name}:` });
    return cachedStore(memoryStore({ clock }), far, { clock });
  },
});

// A near store that the processes of a fleet share, each with connections of its own.
await storeContract({
  describe: (name, body) => describe(`PostgreSQL behind a Redis: ${name}`, body),
  it: (name, body) => it(name, body, 120_000),
  durable: true,
  histories: 1,
  open: async ({ clock, name }) => {
    const far = postgresStore(pool, { clock, table: name, listen, sweepEvery: false });
    await far.health();
    return cachedStore(redisStore(client, { clock, prefix: `${name}:` }), far, { clock });
  },
});
