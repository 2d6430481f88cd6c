import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { afterAll, afterEach } from "vitest";
import { redisStore } from "../../src/stores/redis.ts";
import { ask, startRedisCluster, steady } from "../servers/redis.ts";
import { contract } from "../support/contract.ts";

const servers = await startRedisCluster(steady);
const node = createCluster({ rootNodes: servers.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
node.on("error", () => {});
await node.connect();
const io = new Cluster(servers.ports.map((port) => ({ host: "127.0.0.1", port })));
afterAll(async () => {
  node.destroy();
  io.disconnect();
  await servers.close();
});
const masters = await servers.masters();
afterEach(async () => {
  await Promise.all(masters.map(({ port }) => ask(port, "FLUSHALL")));
});

for (const [name, client] of [
  ["node-redis", node],
  ["ioredis", io],
] as const) {
  await contract({
    title: `over a Cluster with ${name}`,
    handles: "shared",
    durable: true,
    histories: 5,
    // Replicas take their time on a loaded machine.
    open: (context) =>
      redisStore(client, { clock: context.clock, prefix: `${context.name}:`, waitTimeout: 10_000, timeout: 60_000 }),
  });
}
