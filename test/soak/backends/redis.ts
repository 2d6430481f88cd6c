/** One Redis, with both clients as docs/redis.md sets them up. */
import { Redis } from "ioredis";
import { createClient } from "redis";
import { cachedStore } from "../../../src/stores/cached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { freeze } from "../../servers/freeze.ts";
import { freePort } from "../../servers/process.ts";
import { startProxy } from "../../servers/proxy.ts";
import { startDurableRedis } from "../../servers/redis.ts";
import { type Backend, type Fault, pick } from "../backend.ts";
import { networkFaults } from "../network.ts";

/** Commands that change something, as they go over the wire. */
export const REDIS_WRITE = /EVALSHA/i;

const MOST_STALE = 1_000;

export async function startRedisBackend({ cached = false }: { readonly cached?: boolean } = {}): Promise<Backend> {
  const server = await startDurableRedis(["--maxmemory-policy", "noeviction"]);
  const proxy = await startProxy(server.port);
  const admin = new Redis(server.port, "127.0.0.1", { retryStrategy: () => 50 });
  admin.on("error", () => {});
  const version = /redis_version:(\S+)/.exec(await admin.info("server"))?.[1] ?? "";

  const clientFor = async (process: number) => {
    if (process % 2 === 0) {
      const client = createClient({ url: `redis://127.0.0.1:${proxy.port}`, disableOfflineQueue: true });
      client.on("error", () => {});
      await client.connect();
      return { client, close: () => client.destroy() };
    }
    const client = new Redis({
      port: proxy.port,
      host: "127.0.0.1",
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      lazyConnect: true,
    });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.disconnect() };
  };

  const config = (name: string, value: string) => async (): Promise<void> => {
    await admin.config("SET", name, value);
  };
  const faults: Record<string, Fault> = {
    kill: { begin: () => server.kill(), end: () => server.restart(), fails: true },
    freeze: { begin: () => freeze(server), end: () => server.resume(), fails: true },
    ...networkFaults([proxy], REDIS_WRITE),
    "read-only": {
      // A master that nobody can reach: nothing is ever copied from it.
      begin: async () => void (await admin.replicaof("127.0.0.1", await freePort())),
      end: async () => void (await admin.replicaof("NO", "ONE")),
      fails: true,
    },
    "too-few-replicas": {
      begin: config("min-replicas-to-write", "1"),
      end: config("min-replicas-to-write", "0"),
      fails: true,
    },
    "out-of-memory": {
      begin: config("maxmemory", "1mb"),
      end: config("maxmemory", "0"),
      fails: true,
    },
    "out-of-connections": {
      async begin() {
        await admin.config("SET", "maxclients", "1");
        await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      },
      end: config("maxclients", "10000"),
      fails: true,
    },
  };

  return {
    name: cached ? "cached" : "redis",
    server: `Redis ${version}`,
    promise: "one server, `appendonly yes`, `appendfsync always`: nothing acknowledged is lost",
    async open(process, clock) {
      const { client, close } = await clientFor(process);
      const far = redisStore(client, { clock });
      if (!cached) return { store: far, close };
      return { store: cachedStore(memoryStore({ clock }), far, { clock, maxStaleness: MOST_STALE }), close };
    },
    faults: cached ? pick(faults, "freeze", "half-open", "dropped") : faults,
    async connections() {
      const clients = String(await admin.call("CLIENT", "LIST"));
      // The one that asks is not the application's.
      return clients.trim().split("\n").length - 1;
    },
    staleness: cached ? MOST_STALE : 0,
    async close() {
      admin.disconnect();
      await proxy.close();
      await server.close();
    },
  };
}
