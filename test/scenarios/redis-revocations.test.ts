/** What two processes may ask of Redis at once: over one server, and over a Cluster, where the user's slot decides. */

import { Redis } from "ioredis";
import { createCluster } from "redis";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import type { RedisClient, RedisStore } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { ask, startRedis, startRedisCluster, steady } from "../servers/redis.ts";

const [server, servers] = await Promise.all([startRedis(), startRedisCluster(steady)]);
const clients = [new Redis(server.port, "127.0.0.1"), new Redis(server.port, "127.0.0.1")] as const;
const cluster = () =>
  createCluster({ rootNodes: servers.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) }).on(
    "error",
    () => {},
  );
const clusters = [cluster(), cluster()] as const;
await Promise.all(clusters.map((each) => each.connect()));
const everything = [server, ...(await servers.masters())];
afterAll(async () => {
  for (const client of clients) client.disconnect();
  for (const client of clusters) client.destroy();
  await Promise.all([server.close(), servers.close()]);
});
beforeEach(async () => {
  await Promise.all(everything.map(({ port }) => ask(port, "FLUSHALL")));
});

const record = (changes: Partial<SessionRecord> = {}): SessionRecord & { readonly userId: string } => {
  const now = Date.now();
  return { payload: "{}", userId: "ann", createdAt: now, seenAt: now, expiresAt: now + 3_600_000, ...changes } as never;
};
let count = 0;
const freshKey = (): string => `${"abcdefghij"[count++ % 10]}${count}`.padEnd(43, "0");
const options = { waitTimeout: 10_000, timeout: 60_000 };
const worlds: readonly (readonly [string, readonly [RedisClient, RedisClient]])[] = [
  ["one server", clients],
  ["a Cluster", clusters],
];

describe.each(worlds)("over %s", (_name, pair) => {
  const [one, other] = pair.map((client) => redisStore(client, options)) as [RedisStore, RedisStore];

  it("of devices that each end all others at once exactly one is left, and says so", async () => {
    for (let round = 0; round < 40; round += 1) {
      const keys = [freshKey(), freshKey(), freshKey(), freshKey()];
      for (const key of keys) await one.create(key, record());
      const answers = await Promise.all(
        keys.map((except, at) => (at % 2 === 0 ? one : other).deleteAll("ann", { except })),
      );
      const left = (await other.list("ann")).items.map(({ key }) => key);
      expect(left, `round ${round}`).toHaveLength(1);
      expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
      expect(answers[keys.indexOf(left[0] as string)]).toHaveLength(3);
      await one.deleteAll("ann");
    }
  });

  it("who is not a live session of the user spares nobody and ends nobody, and the epoch stays", async () => {
    const [mine, hers, anonymous, ended] = [freshKey(), freshKey(), freshKey(), freshKey()];
    await one.create(mine, record());
    await one.create(hers, record({ userId: "eve" }));
    await one.create(anonymous, record({ userId: undefined }));
    await one.create(ended, record());
    await one.delete(ended);
    const epoch = await one.epoch("ann");
    for (const except of [hers, anonymous, ended, freshKey(), "", "\ud800"]) {
      expect(await other.deleteAll("ann", { except })).toBeNull();
    }
    expect(await one.epoch("ann")).toBe(epoch);
    expect((await one.list("ann")).items.map(({ key }) => key)).toEqual([mine]);
  });

  it("a login whose request had arrived before a revocation is revoked, whenever it read its epoch", async () => {
    const at = Date.now() + 0.25;
    await one.deleteAll("ann", { at });
    await one.deleteAll("ann", { at: at - 1000 });
    const login = async (since: number, userId = "ann") =>
      (await other.admit(freshKey(), record({ userId }), { epoch: await other.epoch(userId), since })).status;
    expect(await login(at - 0.0625)).toBe("revoked");
    expect(await login(at)).toBe("ok");
    expect(await login(at - 1, "eve")).toBe("ok");
    await one.clear({ at: at + 5 });
    expect(await login(at + 4.9375, "eve")).toBe("revoked");
    expect(await login(at + 4.9375)).toBe("revoked");
    expect(await login(at + 5)).toBe("ok");
  });

  it("a write that was loaded before a touch takes back neither the use nor the time that it gave", async () => {
    const key = freshKey();
    const first = record();
    const version = (await one.create(key, first)) as number;
    await other.touch(key, first.seenAt + 500, first.expiresAt + 500);
    expect((await one.update(key, { ...first, payload: "[1]" }, version)).status).toBe("ok");
    const stored = await other.get(key);
    expect(stored).toMatchObject({ payload: "[1]", seenAt: first.seenAt + 500, expiresAt: first.expiresAt + 500 });
    // A later use may shorten the time: it is a write that knows what it does.
    const shorter = { ...first, seenAt: first.seenAt + 600, expiresAt: first.expiresAt - 600 };
    expect((await one.update(key, shorter, stored?.version ?? 0)).status).toBe("ok");
    expect(await other.get(key)).toMatchObject({ seenAt: shorter.seenAt, expiresAt: shorter.expiresAt });
  });

  it("made-up cursors, keys and users find nothing and throw nothing", async () => {
    for (const made of [
      "",
      "x",
      "[]",
      '["1","a"]',
      '[1e999,"a"]',
      "0 99999999999999999999",
      "9999 0",
      "0 0 \u0000",
      "\ud800",
    ]) {
      for (const cursor of [made, { a: "1" }, [made], 7, null, true]) {
        await expect(one.list("ann", { cursor: cursor as string })).resolves.toMatchObject({ items: [] });
        await expect(one.scan({ cursor: cursor as string })).resolves.toMatchObject({ items: [] });
      }
      expect(await one.get(made)).toBeNull();
      expect(await one.delete(made)).toBe(false);
      expect(await one.deleteAll(made, { except: made })).toBeNull();
      expect(await one.touch(made, 1, 2)).toBe(false);
    }
  });
});

describe("replace()", () => {
  const [one, other] = clients.map((client) => redisStore(client)) as [RedisStore, RedisStore];
  const replace = one.replace as NonNullable<RedisStore["replace"]>;
  const stone = () => ({ ...record({ userId: undefined, payload: "tombstone" }), expiresAt: Date.now() + 60_000 });

  it("is there on one server, and not in a Cluster", () => {
    expect(typeof one.replace).toBe("function");
    expect("replace" in redisStore(clusters[0])).toBe(false);
  });

  it("puts one in the place of another in one step, counts it once and tells of the end", async () => {
    const ended: string[] = [];
    const stop = other.watch((key) => ended.push(key));
    const [old, second, fresh, late] = [freshKey(), freshKey(), freshKey(), freshKey()];
    const version = (await one.create(old, record())) as number;
    await one.create(second, record());
    await expect.poll(() => ask(server.port, "PUBSUB NUMSUB sojourn:ended")).toMatch(/:1\r\n$/);
    const admission = { epoch: await one.epoch("ann"), since: Date.now() + 1, limit: 2, onLimit: "reject" as const };
    expect(await replace(fresh, record(), { key: old, version, record: stone() }, admission)).toMatchObject({
      status: "ok",
      evicted: [],
    });
    expect((await other.list("ann")).items.map(({ key }) => key).sort()).toEqual([second, fresh].sort());
    expect((await other.get(old))?.payload).toBe("tombstone");
    expect((await other.get(old))?.userId).toBeUndefined();
    await expect.poll(() => ended).toEqual([old]);
    const again = await replace(late, record(), { key: old, version, record: stone() }, admission);
    expect(again).toMatchObject({ status: "conflict", current: { payload: "tombstone" } });
    expect(await other.get(late)).toBeNull();
    stop();
  });

  it("changes nothing when the old one is gone or the new one is refused", async () => {
    const [old, second, third] = [freshKey(), freshKey(), freshKey()];
    const version = (await one.create(old, record({ createdAt: 1 }))) as number;
    await one.create(second, record({ createdAt: 2 }));
    await one.create(third, record({ createdAt: 3 }));
    const before = await ask(server.port, "ZRANGE sojourn:u{ann} 0 -1");
    const epoch = await one.epoch("ann");
    const since = Date.now() + 60_000;
    const from = { key: old, version, record: stone() };
    const tries = [
      ["gone", () => replace(freshKey(), record(), { ...from, key: freshKey() }, { epoch })],
      ["exists", () => replace(second, record(), from, { epoch })],
      ["limit", () => replace(freshKey(), record(), from, { epoch, limit: 2, onLimit: "reject" })],
      ["revoked", () => replace(freshKey(), record(), from, { epoch: "" })],
      ["revoked", () => replace(freshKey(), record(), from, { epoch: "7.7" })],
    ] as const;
    for (const [status, call] of tries) expect((await call()).status).toBe(status);
    expect(await ask(server.port, "ZRANGE sojourn:u{ann} 0 -1")).toBe(before);
    expect((await other.get(old))?.version).toBe(version);
    const evicting = await replace(freshKey(), record(), from, { epoch, since, limit: 2 });
    expect(evicting).toMatchObject({ status: "ok", evicted: [second] });
    await one.deleteAll("ann", { at: since + 1 });
    const anew = { epoch: await one.epoch("ann"), since };
    const left = (await one.create(freshKey(), record({ userId: undefined }))) as number;
    expect(left).not.toBeNull();
    const key = freshKey();
    const own = (await one.create(key, record({ userId: undefined }))) as number;
    expect((await replace(freshKey(), record(), { key, version: own, record: stone() }, anew)).status).toBe("revoked");
    expect((await replace(freshKey(), record(), { key, version: own, record: stone() })).status).toBe("ok");
  });
});

describe("a process of release 0.1.0 beside one of today", () => {
  const [one] = clients.map((client) => redisStore(client)) as [RedisStore];
  const column = (value: number) => String(value).padStart(16, " ");

  it("its records are read, and what it counted is an epoch", async () => {
    const now = Date.now();
    const value = `${column(77)}${column(now)}${column(now + 60_000)}${column(now - 5)}${"3".padStart(8, " ")}ann{"a":1}`;
    const [client] = clients;
    await client.set("sojourn:r{A2}AbC", value, "PX", 120_000);
    await client.zadd("sojourn:u{ann}", String(now - 5), "AbC");
    await client.incr("sojourn:v{ann}");
    expect(await one.get("AbC")).toMatchObject({ payload: '{"a":1}', userId: "ann", version: 77, createdAt: now - 5 });
    expect(await one.epoch("ann")).toBe("0.1");
    await one.deleteAll("ann", { except: "AbC" });
    expect(await client.get("sojourn:v{ann}")).toBe("2");
    expect((await one.list("ann")).items).toHaveLength(1);
  });
});
