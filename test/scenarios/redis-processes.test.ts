/** Four processes over one Redis, and over one Cluster. */
import { afterAll } from "vitest";
import { startRedis, startRedisCluster } from "../servers/redis.ts";
import { acrossProcesses } from "../support/processes/suite.ts";

const [server, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
afterAll(() => Promise.all([server.close(), cluster.close()]));

acrossProcesses({
  Redis: { at: (name) => ({ kind: "redis", url: `redis://127.0.0.1:${server.port}`, prefix: `${name}:` }) },
  // In a Cluster logins and bulk verbs are steps: docs/redis.md says which answers need not fit one order.
  "Redis Cluster": { at: (name) => ({ kind: "cluster", ports: cluster.ports, prefix: `${name}:` }), ordered: false },
});
