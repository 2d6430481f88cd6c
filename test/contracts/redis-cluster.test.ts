import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { afterAll, afterEach, describe, it } from "vitest";
import { redisStore } from "../../src/stores/redis.ts";
import { storeContract } from "../../src/testing/contract/contract.ts";
import { ask, startRedisCluster } from "../servers/redis.ts";

const servers = await startRedisCluster();
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
  await storeContract({
    describe: (title, body) => describe(`${title} over a Cluster with ${name}`, body),
    // In a Cluster logins and bulk verbs are steps, so not every answer fits one order of all calls: docs/redis.md says which
    // do not, and test/scenarios/redis-interleavings.test.ts shows what holds all the same.
    it: (title, body) => (title.includes("up to four at once") ? undefined : it(title, body)),
    handles: "shared",
    durable: true,
    histories: 5,
    open: (context) => redisStore(client, { clock: context.clock, prefix: `${context.name}:` }),
  });
}
