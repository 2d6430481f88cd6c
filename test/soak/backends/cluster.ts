/** A Redis Cluster: three masters with a replica each; one client of each kind. */
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { redisStore } from "../../../src/stores/redis.ts";
import { freeze } from "../../servers/freeze.ts";
import { type TestServer, until } from "../../servers/process.ts";
import { startProxy } from "../../servers/proxy.ts";
import { ask, startRedisCluster } from "../../servers/redis.ts";
import { type Backend, type Fault, pick } from "../backend.ts";
import { networkFaults } from "../network.ts";
import { REDIS_WRITE } from "./redis.ts";

export async function startClusterBackend(): Promise<Backend> {
  // On a loaded machine nodes that are well may not answer each other for half a second.
  const cluster = await startRedisCluster(["--cluster-node-timeout", "1000"]);
  const proxies = await Promise.all(cluster.ports.map((port) => startProxy(port)));
  const map = Object.fromEntries(
    cluster.ports.map((port, index) => [`127.0.0.1:${port}`, { host: "127.0.0.1", port: proxies[index]?.port ?? 0 }]),
  );
  const version = /redis_version:(\S+)/.exec(await ask(cluster.ports[0] ?? 0, "INFO server"))?.[1] ?? "";

  const whole = (): Promise<void> =>
    until(
      async () => {
        const states = await Promise.all(cluster.ports.map((port) => ask(port, "CLUSTER INFO")));
        const roles = await Promise.all(cluster.ports.map((port) => ask(port, "INFO replication")));
        const following = roles.filter((info) => /role:slave[\s\S]*master_link_status:up/.test(info)).length;
        return following === 3 && states.every((state) => /cluster_state:ok/.test(state));
      },
      60,
      "a whole cluster",
    );
  let old: TestServer | undefined;
  const failedOver = (): Promise<void> =>
    until(
      async () => {
        const alive = cluster.nodes.filter((node) => node !== old);
        const roles = await Promise.all(alive.map(({ port }) => ask(port, "INFO replication")));
        return roles.filter((info) => /role:master/.test(info)).length === 3;
      },
      60,
      "another master",
    );
  const tail = {
    permits: ["lost-write", "lost-session", "returned", "count"] as const,
    because:
      "replication is asynchronous: what the old master had acknowledged in its last moments is gone. Logouts and revocations wait " +
      "for a replica",
  };
  const faults: Record<string, Fault> = {
    failover: {
      async begin() {
        [old] = await cluster.masters();
        await old?.kill();
      },
      async end() {
        await failedOver();
        await old?.restart();
        await whole();
      },
      fails: true,
      ...tail,
    },
    "failover-of-a-frozen-master": {
      async begin() {
        [old] = await cluster.masters();
        if (old) await freeze(old);
        await failedOver();
      },
      async end() {
        old?.resume();
        await whole();
      },
      fails: true,
      ...tail,
    },
    ...networkFaults(proxies, REDIS_WRITE),
  };

  const clientFor = async (process: number) => {
    if (process % 2 === 0) {
      const client = createCluster({
        rootNodes: cluster.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
        nodeAddressMap: map,
      });
      client.on("error", () => {});
      await client.connect();
      return { client, close: () => client.destroy() };
    }
    const client = new Cluster(
      cluster.ports.map((port) => ({ host: "127.0.0.1", port })),
      // Or it sends again what a master may have done already: see docs/redis.md.
      { natMap: map, retryDelayOnFailover: 0 },
    );
    client.on("error", () => {});
    await new Promise<void>((resolve) => client.once("ready", () => resolve()));
    return { client, close: () => client.disconnect() };
  };

  return {
    name: "cluster",
    server: `Redis ${version}, Cluster of six`,
    promise:
      "asynchronous replication: a failover loses the last changes and logins, but no logout and no revocation that was acknowledged",
    async open(process, clock) {
      const { client, close } = await clientFor(process);
      return { store: redisStore(client, { clock }), close };
    },
    faults: pick(faults, "failover", "failover-of-a-frozen-master", "half-open", "dropped"),
    // Two clients, each with one to every node.
    mostConnections: 2 * cluster.nodes.length,
    connections: async () => proxies.reduce((sum, { connections }) => sum + connections, 0),
    async close() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await cluster.close();
    },
  };
}
