/** The contract over Valkey, with its own client and those of Redis: one server, and shortly a Cluster. */
import { Redis } from "ioredis";
import { Cluster, Redis as Valkey } from "iovalkey";
import { createClient } from "redis";
import { afterAll, afterEach, expect, it } from "vitest";
import type { RedisClient } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { ask, startRedis, startRedisCluster, steady, valkey } from "../servers/redis.ts";
import { contract } from "../support/contract.ts";

const [server, servers] = await Promise.all([startRedis([], valkey()), startRedisCluster(steady, valkey())]);
const node = await createClient({ url: `redis://127.0.0.1:${server.port}` })
  .on("error", () => {})
  .connect();
const io = new Redis(server.port, "127.0.0.1");
const own = new Valkey(server.port, "127.0.0.1");
const cluster = new Cluster(servers.ports.map((port) => ({ host: "127.0.0.1", port })));
afterAll(async () => {
  node.destroy();
  for (const client of [io, own, cluster]) client.disconnect();
  await Promise.all([server.close(), servers.close()]);
});
const everything = [server, ...(await servers.masters())];
afterEach(async () => {
  await Promise.all(everything.map(({ port }) => ask(port, "FLUSHALL")));
});

it("is Valkey that answers", async () => {
  for (const { port } of everything) expect(await ask(port, "INFO server")).toMatch(/^server_name:valkey\r$/m);
});

const clients: Record<string, RedisClient> = {
  "node-redis": node,
  ioredis: io,
  iovalkey: own,
  "a Cluster of iovalkey": cluster,
};
for (const [name, client] of Object.entries(clients)) {
  await contract({
    title: `over Valkey with ${name}`,
    handles: name === "iovalkey" ? "shared" : "one",
    durable: true,
    histories: 2,
    // Replicas take their time on a loaded machine.
    open: (context) =>
      redisStore(client, { clock: context.clock, prefix: `${context.name}:`, waitTimeout: 10_000, timeout: 60_000 }),
  });
}
