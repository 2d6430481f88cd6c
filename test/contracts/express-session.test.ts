import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisStore } from "connect-redis";
import session from "express-session";
import memorystore from "memorystore";
import pg from "pg";
import { createClient } from "redis";
import { afterAll } from "vitest";
import { fromExpressStore } from "../../src/stores/express-session.ts";
import type { Store } from "../../src/stores/store.ts";
import { startPostgres } from "../servers/postgres.ts";
import { startRedis } from "../servers/redis.ts";
import { contract } from "../support/contract.ts";

/** These two have no types; what they make is a store of express-session. */
type Connect<Options> = (module: typeof session) => new (options: Options) => session.Store;
const require = createRequire(import.meta.url);
const connectPg = require("connect-pg-simple") as Connect<object>;
const connectFile = require("session-file-store") as Connect<object>;

const [redisServer, postgresServer] = await Promise.all([startRedis(), startPostgres()]);
const folder = await mkdtemp(join(tmpdir(), "sojourn-session-file-store-"));
const redis = await createClient({ url: `redis://127.0.0.1:${redisServer.port}` })
  .on("error", () => {})
  .connect();
const pool = new pg.Pool({ connectionString: postgresServer.url, max: 4 });
pool.on("error", () => {});
afterAll(async () => {
  redis.destroy();
  await pool.end();
  await Promise.all([redisServer.close(), postgresServer.close(), rm(folder, { recursive: true, force: true })]);
});

const postgres = new (connectPg(session))({ pool, createTableIfMissing: true, pruneSessionInterval: false });
// One query makes the table, before twenty at once try to.
await new Promise<void>((resolve, reject) => {
  postgres.get("none", (error) => (error ? reject(error) : resolve()));
});

const stores: Record<string, session.Store> = {
  "express-session's MemoryStore": new session.MemoryStore(),
  memorystore: new (memorystore(session))({}),
  "connect-redis": new RedisStore({ client: redis }),
  "connect-pg-simple": postgres,
  "session-file-store": new (connectFile(session))({ path: folder, retries: 0, logFn: () => {}, reapInterval: -1 }),
};

for (const [name, inner] of Object.entries(stores)) {
  const open = ({ clock, name }: { clock: () => number; name: string }) =>
    fromExpressStore(inner, { clock, prefix: `${name}-` });

  await contract({
    title: `over ${name}`,
    handles: "shared",
    durable: true,
    open,
  });

  // Declared, it would be a lie: it holds as long as nobody else writes there.
  if (!(inner instanceof session.MemoryStore)) continue; // Taking turns is the same for all, and keyv.test.ts does it over a connection.
  await contract({
    title: `over ${name}, as if this process were the only one`,
    handles: "shared",
    durable: true,
    histories: 8,
    open: (context): Store => ({ ...open(context), consistency: "cas" }),
  });
}
