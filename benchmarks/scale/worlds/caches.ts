/** Redis, a Redis Cluster and memcached: servers that drop by themselves what has expired. */
import { connect } from "node:net";
import { Cluster, Redis } from "ioredis";
import { memcachedStore } from "sojourn/stores/memcached";
import { redisStore } from "sojourn/stores/redis";
import { makeLayout } from "../../../src/stores/redis/layout.ts";
import { startMemcached } from "../../../test/servers/memcached.ts";
import { startRedis, startRedisCluster } from "../../../test/servers/redis.ts";
import { pause } from "../time.ts";
import type { OpenWorld } from "../world.ts";

const layout = makeLayout("sojourn:");
const AT_ONCE = 1_000;

const field = (text: string, name: string): number => Number(new RegExp(`\\b${name}[: ](\\d+)`).exec(text)?.[1]);

async function expireIn(client: Redis | Cluster, keys: readonly string[], instant: number): Promise<void> {
  for (let start = 0; start < keys.length; start += AT_ONCE) {
    const names = keys.slice(start, start + AT_ONCE).map((key) => layout.record(key));
    await Promise.all(names.map((name) => client.pexpireat(name, Math.ceil(instant))));
  }
}

export const openRedis: OpenWorld = async (clock) => {
  const server = await startRedis();
  const client = new Redis(server.port, "127.0.0.1");
  const store = redisStore(client, { clock });
  /** The log is turned on for the time of the question only: rewriting it is not what is measured elsewhere. */
  let logging = false;
  const persistence = (): Promise<string> => client.info("persistence");
  return {
    store,
    bytes: async () => field(await client.info("memory"), "used_memory"),
    measured: "used_memory",
    async written() {
      if (!logging) {
        await client.config("SET", "auto-aof-rewrite-percentage", "0");
        await client.config("SET", "appendonly", "yes");
        logging = true;
        while (!/aof_rewrite_in_progress:0[\s\S]*aof_rewrite_scheduled:0/.test(await persistence())) await pause(50);
        await pause(1_500);
      }
      return field(await persistence(), "aof_current_size");
    },
    expireAt: (keys, instant) => expireIn(client, keys, instant),
    async close() {
      await store.close();
      client.disconnect();
      await server.close();
    },
  };
};

export const openRedisCluster: OpenWorld = async (clock) => {
  // So patient that a busy machine is not taken for a dead one; and without the replicas, which would only take its time.
  const servers = await startRedisCluster(["--cluster-node-timeout", "15000"]);
  const masters = await servers.masters();
  await Promise.all(servers.nodes.filter((node) => !masters.includes(node)).map((node) => node.close()));
  const client = new Cluster(masters.map(({ port }) => ({ host: "127.0.0.1", port })));
  const store = redisStore(client, { clock });
  return {
    store,
    async bytes() {
      const memory = await Promise.all(client.nodes("master").map((node) => node.info("memory")));
      return memory.reduce((sum, text) => sum + field(text, "used_memory"), 0);
    },
    measured: "used_memory of the masters",
    // Logins of the last minute are remembered twice.
    settle: () => pause(65_000),
    expireAt: (keys, instant) => expireIn(client, keys, instant),
    async close() {
      await store.close();
      client.disconnect();
      await servers.close();
    },
  };
};

/** Commands that are not answered, and at the end one that is. */
function tell(port: number, commands: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", reject);
    socket.once("data", () => {
      socket.destroy();
      resolve();
    });
    socket.write(`${commands.join("")}version\r\n`);
  });
}

function statistics(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let text = "";
    socket.setEncoding("latin1").once("error", reject);
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (!text.endsWith("END\r\n")) return;
      socket.destroy();
      resolve(text);
    });
    socket.write("stats\r\n");
  });
}

export const openMemcached: OpenWorld = async (clock) => {
  const server = await startMemcached(["-m", "8192"]);
  const store = memcachedStore(server.url, { clock });
  return {
    store,
    bytes: async () => field(await statistics(server.port), "STAT bytes"),
    measured: "items, with their heads",
    async expireAt(keys, instant) {
      const seconds = Math.max(1, Math.round((instant - Date.now()) / 1000));
      for (let start = 0; start < keys.length; start += AT_ONCE) {
        const some = keys.slice(start, start + AT_ONCE);
        await tell(
          server.port,
          some.map((key) => `touch sojourn:${key} ${seconds} noreply\r\n`),
        );
      }
    },
    async close() {
      await store.close();
      await server.close();
    },
  };
};
