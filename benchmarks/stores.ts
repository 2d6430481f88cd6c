/** The pieces of a request over a real server, with 50 under way: what this process has to do for each, store calls included. */
import { createSessions, type Sessions } from "sojourn";
import { postgresStore } from "sojourn/stores/postgres";
import { type RedisStore, redisStore } from "sojourn/stores/redis";
import { type Data, increment, SECRET, sample } from "./application.ts";
import { answerQuestions } from "./child.ts";
import { exchange } from "./exchange.ts";
import { measurePairs, type Pair, type Piece } from "./pairs.ts";
import { IDLE_MS, type RemotePlace } from "./servers/floor.ts";
import { openPool, postgresFloor } from "./servers/postgres.ts";
import { connectIoRedis, connectNodeRedis } from "./servers/redis.ts";

export interface StoreQuestion {
  readonly part: "redis" | "postgres";
  readonly url: string;
}

const WORKERS = 50;

/** One session and one key for each worker: nobody is in anybody's way. */
async function everyone<T>(make: (worker: number) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: WORKERS }, (_, worker) => make(worker)));
}

/** Open and commit, beside the same calls of the client and JSON. */
async function exchanges(name: string, sessions: Sessions<Data>, place: RemotePlace): Promise<Pair[]> {
  const cookies = await everyone(() => exchange(sessions, undefined, true));
  await everyone((worker) => place.save(`floor ${worker}`, JSON.stringify(sample())));
  const load = async (worker: number): Promise<Data> =>
    JSON.parse((await place.load(`floor ${worker}`)) as string) as Data;
  const both = { inFlight: WORKERS };
  return [
    {
      ...both,
      name: `open and commit, ${name}, read`,
      ours: (worker) => exchange(sessions, cookies[worker], false),
      floor: load,
    },
    {
      ...both,
      name: `open and commit, ${name}, change`,
      ours: (worker) => exchange(sessions, cookies[worker], true),
      floor: async (worker) => {
        const data = await load(worker);
        increment(data);
        await place.save(`floor ${worker}`, JSON.stringify(data));
      },
    },
  ];
}

/** An update of the store beside a plain SET of as much text, with a TTL. Half of it is the server's work. */
async function compareAndSet(name: string, store: RedisStore, place: RemotePlace): Promise<Pair> {
  const now = Date.now();
  const record = { payload: JSON.stringify(sample()), createdAt: now, seenAt: now, expiresAt: now + IDLE_MS };
  const value = JSON.stringify(sample()).padEnd(72 + record.payload.length);
  const versions = [...(await everyone((worker) => store.create(`compare-and-set ${name} ${worker}`, record)))];
  return {
    name: `compare-and-set, ${name}, beside SET (elapsed)`,
    inFlight: WORKERS,
    by: "elapsed",
    ours: async (worker) => {
      const expected = versions[worker] ?? 0;
      const result = await store.update(`compare-and-set ${name} ${worker}`, record, expected);
      if (result.status !== "ok") throw new Error(`The update ended as "${result.status}".`);
      versions[worker] = result.version;
    },
    floor: (worker) => place.save(`floor ${worker}`, value),
  };
}

async function redis(url: string): Promise<readonly Piece[]> {
  const [node, io] = [await connectNodeRedis(url), connectIoRedis(url)];
  const places: Record<string, readonly [RedisStore, RemotePlace]> = {
    "node-redis": [
      redisStore(node),
      { load: (key) => node.get(key), save: (key, json) => node.set(key, json, { PX: IDLE_MS }) },
    ],
    ioredis: [redisStore(io), { load: (key) => io.get(key), save: (key, json) => io.set(key, json, "PX", IDLE_MS) }],
  };
  const pairs: Pair[] = [];
  for (const [name, [store, place]] of Object.entries(places)) {
    const sessions = createSessions<Data>({ secrets: SECRET, store });
    pairs.push(...(await exchanges(`Redis, ${name}`, sessions, place)), await compareAndSet(name, store, place));
  }
  const pieces = await measurePairs(pairs);
  node.destroy();
  io.disconnect();
  return pieces;
}

async function postgres(url: string): Promise<readonly Piece[]> {
  const pool = openPool(url);
  const store = postgresStore(pool);
  const sessions = createSessions<Data>({ secrets: SECRET, store });
  const pairs = await exchanges("PostgreSQL", sessions, await postgresFloor(pool));
  const pieces = await measurePairs(pairs.map((pair) => ({ ...pair, each: 2_000 })));
  await store.close();
  await pool.end();
  return pieces;
}

answerQuestions<StoreQuestion, readonly Piece[]>(({ part, url }) => (part === "redis" ? redis(url) : postgres(url)));
