/** Over Redis: floors and Sojourn by both clients, and on Express beside express-session + connect-redis. */
import { Redis } from "ioredis";
import { createClient } from "redis";
import { createSessions } from "sojourn";
import { redisStore } from "sojourn/stores/redis";
import type { Data } from "../application.ts";
import { peer } from "../peers.ts";
import { dropIn, type ExpressSession, expressSessionOver, expressSojourn } from "./express.ts";
import { IDLE_MS, remoteFloor } from "./floor.ts";
import { secrets, sojourn } from "./node.ts";
import type { MakeServer } from "./serve.ts";

type NodeRedis = ReturnType<typeof createClient>;

export async function connectNodeRedis(url: string): Promise<NodeRedis> {
  const client: NodeRedis = createClient({ url });
  await client.connect();
  return client;
}

/** Commands of one turn of the event loop go out together. */
export function connectIoRedis(url: string): Redis {
  return new Redis(url, { enableAutoPipelining: true });
}

/** The part of connect-redis that is used. */
interface ConnectRedis {
  readonly RedisStore: new (options: { client: NodeRedis }) => object;
}

function overConnectRedis(client: NodeRedis, session?: ExpressSession): ReturnType<MakeServer> {
  return expressSessionOver(() => new (peer<ConnectRedis>("connect-redis").RedisStore)({ client }), session);
}

const nodeRedisServers: Record<string, MakeServer> = {
  "floor: Redis, node-redis": async ({ url }) => {
    const client = await connectNodeRedis(url);
    return remoteFloor({
      load: (key) => client.get(key),
      save: (key, json) => client.set(key, json, { PX: IDLE_MS }),
    });
  },
  "Sojourn, Redis, node-redis": async ({ url }) =>
    sojourn(createSessions<Data>({ secrets, store: redisStore(await connectNodeRedis(url)) })),
  "Express + Sojourn, Redis": async ({ url }) =>
    expressSojourn(createSessions<Data>({ secrets, store: redisStore(await connectNodeRedis(url)) })),
  "express-session, Redis": async ({ url }) => overConnectRedis(await connectNodeRedis(url)),
  "drop-in, Redis": async ({ url }) => overConnectRedis(await connectNodeRedis(url), dropIn),
};

const ioRedisServers: Record<string, MakeServer> = {
  "floor: Redis, ioredis": ({ url }) => {
    const client = connectIoRedis(url);
    return remoteFloor({
      load: (key) => client.get(key),
      save: (key, json) => client.set(key, json, "PX", IDLE_MS),
    });
  },
  "Sojourn, Redis, ioredis": ({ url }) =>
    sojourn(createSessions<Data>({ secrets, store: redisStore(connectIoRedis(url)) })),
};

export const redisServers: Record<string, MakeServer> = { ...nodeRedisServers, ...ioRedisServers };
