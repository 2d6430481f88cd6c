/** A master dies and a replica takes over: who was logged out stays logged out. */
import { Cluster, Redis } from "ioredis";
import { createCluster, createSentinel } from "redis";
import { afterEach, expect, it, vi } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { until } from "../servers/process.ts";
import { ask, startRedis, startRedisCluster, startSentinel } from "../servers/redis.ts";

const endings: (() => unknown)[] = [];
const later = (end: () => unknown): void => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const record = (changes?: Partial<SessionRecord>): SessionRecord => {
  const now = Date.now();
  return { payload: "{}", createdAt: now, seenAt: now, expiresAt: now + 3_600_000, ...changes };
};

it("behind Sentinel a revocation survives the master's end, and both clients find the new one by themselves", async () => {
  const group = await startSentinel();
  later(() => group.close());
  const sentinels = group.sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
  const io = new Redis({
    sentinels,
    name: group.masterName,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    lazyConnect: true,
  });
  io.on("error", () => {});
  await io.connect();
  later(() => io.disconnect());
  const node = createSentinel({ name: group.masterName, sentinelRootNodes: sentinels });
  node.on("error", () => {});
  await node.connect();
  later(() => node.destroy());
  const stores = [redisStore(io), redisStore(node)] as const;
  await stores[0].create("io", record({ userId: "ann" }));
  await stores[1].create("node", record({ userId: "ann" }));
  await stores[0].create("kept", record());
  await ask(await group.masterPort(), "WAIT 2 1000");

  expect(await stores[0].delete("io")).toBe(true);
  expect(await stores[1].deleteAll("ann")).toEqual(["node"]);
  const old = await group.masterPort();
  await group.servers[0]?.kill();
  await until(async () => (await group.masterPort()) !== old, 30, "another master");
  for (const store of stores) {
    await until(async () => (await store.get("kept")) !== null, 30, "the new master");
    expect(await store.get("io")).toBeNull();
    expect(await store.get("node")).toBeNull();
    expect((await store.list("ann")).items).toEqual([]);
    await until(() => store.create(crypto.randomUUID(), record()), 30, "a write");
  }
});

it("while no replica answers a revocation is in force, and rejected rather than told as safe", async () => {
  const group = await startSentinel();
  later(() => group.close());
  const io = new Redis(await group.masterPort(), "127.0.0.1");
  later(() => io.disconnect());
  const store = redisStore(io, { waitTimeout: 100 });
  const careless = redisStore(io, { waitReplicas: 0 });
  for (const key of ["a", "b", "c"]) await store.create(key, record());
  expect(await store.delete("a")).toBe(true);
  for (const replica of group.servers.slice(1)) replica.pause();
  await expect(store.delete("b")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  expect(await store.get("b")).toBeNull();
  expect(await careless.delete("c")).toBe(true);
  for (const replica of group.servers.slice(1)) replica.resume();
});

it("a master that lost all its replicas is held to be cut off, for some minutes", async () => {
  const master = await startRedis();
  later(() => master.close());
  const io = new Redis(master.port, "127.0.0.1");
  later(() => io.disconnect());
  let now = performance.now();
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  later(() => clock.mockRestore());
  const store = redisStore(io, { waitTimeout: 100 });
  for (const key of ["a", "b", "c"]) await store.create(key, record());
  // A server that never had one is not waited for.
  expect(await store.delete("a")).toBe(true);
  const replica = await startRedis(["--replicaof", `127.0.0.1 ${master.port}`]);
  later(() => replica.close());
  await until(async () => (await ask(master.port, "INFO replication")).includes("state=online"), 30, "the replica");
  now += 10_000;
  await store.delete("a");
  await replica.kill();
  await until(async () => (await ask(master.port, "INFO replication")).includes("connected_slaves:0"), 30, "its loss");
  now += 10_000;
  await expect(store.delete("b")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  expect(await store.get("b")).toBeNull();
  now += 300_001;
  expect(await store.delete("c")).toBe(true);
});

it("in a Cluster a revocation survives the end of any master, with both clients", async () => {
  const servers = await startRedisCluster();
  later(() => servers.close());
  const node = createCluster({ rootNodes: servers.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
  node.on("error", () => {});
  await node.connect();
  later(() => node.destroy());
  const io = new Cluster(servers.ports.map((port) => ({ host: "127.0.0.1", port })));
  io.on("error", () => {});
  later(() => io.disconnect());
  const stores = [redisStore(node), redisStore(io)] as const;
  const keys = Array.from({ length: 40 }, () => crypto.randomUUID());
  for (const key of keys) await stores[0].create(key, record({ userId: "ann" }));
  const kept = Array.from({ length: 10 }, () => crypto.randomUUID());
  for (const key of kept) await stores[1].create(key, record());
  await Promise.all((await servers.masters()).map(({ port }) => ask(port, "WAIT 1 1000")));
  expect((await stores[1].deleteAll("ann", { limit: 20 }))?.length).toBe(20);
  expect((await stores[0].deleteAll("ann"))?.length).toBe(20);
  await (await servers.masters())[0]?.kill();
  for (const store of stores) {
    await until(
      async () => (await Promise.all(kept.map((key) => store.get(key)))).every((each) => each !== null),
      30,
      "the new master",
    );
    for (const key of keys) expect(await store.get(key)).toBeNull();
    expect((await store.list("ann")).items).toEqual([]);
  }
});
