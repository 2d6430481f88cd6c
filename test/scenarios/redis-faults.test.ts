/** Sessions over a Redis that is killed, frozen, cut off, full, or whose answers are lost. */
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, describe, expect, it } from "vitest";
import { createSessions } from "../../src/index.ts";
import type { SessionRecord } from "../../src/record.ts";
import type { RedisClient } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { until } from "../servers/process.ts";
import { startProxy } from "../servers/proxy.ts";
import { startDurableRedis, startRedis } from "../servers/redis.ts";

const TIMEOUT = 300;

const record = (changes?: Partial<SessionRecord>): SessionRecord => {
  const now = Date.now();
  return { payload: '{"n":0}', createdAt: now, seenAt: now, expiresAt: now + 3_600_000, ...changes };
};

const endings: (() => unknown)[] = [];
const later = (end: () => unknown): void => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Clients as docs/redis.md sets them up: no queue of commands while there is no connection. */
const clients: Record<string, (port: number) => Promise<RedisClient>> = {
  async "node-redis"(port) {
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: 50, connectTimeout: 500 },
    });
    client.on("error", () => {});
    await client.connect();
    later(() => client.destroy());
    return client;
  },
  async ioredis(port) {
    const client = new Redis({
      port,
      host: "127.0.0.1",
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: () => 50,
      lazyConnect: true,
    });
    client.on("error", () => {});
    await client.connect();
    later(() => client.disconnect());
    return client;
  },
};

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "no failure",
    (error: unknown) => error,
  );

describe.each(Object.entries(clients))("with %s", (_name, open) => {
  it("nothing acknowledged is lost over kill -9 and a restart, failures are failures, and it recovers by itself", async () => {
    const server = await startDurableRedis();
    later(() => server.close());
    const store = redisStore(await open(server.port));
    const acknowledged: string[] = [];
    const refused: string[] = [];
    let stop = false;
    const writer = async (name: number): Promise<void> => {
      for (let count = 0; !stop; count += 1) {
        const key = `key-${name}-${count}`;
        await store.create(key, record({ userId: "ann" })).then(
          () => acknowledged.push(key),
          () => refused.push(key),
        );
        if (refused.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const writers = Array.from({ length: 20 }, (_, name) => writer(name));
    await until(() => acknowledged.length > 100);
    await store.delete(acknowledged[0] as string);
    await server.kill();
    await until(() => refused.length > 20);
    const before = acknowledged.length;
    await server.restart();
    await until(() => acknowledged.length > before + 100);
    stop = true;
    await Promise.all(writers);
    const found = await Promise.all(acknowledged.map((key) => store.get(key)));
    expect(found.filter((each) => each === null).length, "only the one that was deleted is gone").toBe(1);
    expect(await store.get(acknowledged[0] as string)).toBeNull();
    const { items } = await store.list("ann", { limit: 1000 });
    expect(items.length).toBeGreaterThan(100);
  });

  it("a frozen server fails a request within storeTimeout, and serves again when it thaws", async () => {
    const server = await startRedis();
    later(() => server.close());
    const store = redisStore(await open(server.port));
    const secrets = Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    const sessions = createSessions({ store, secrets, storeTimeout: TIMEOUT });
    later(() => {
      server.resume();
      return sessions.close();
    });
    await store.create("key", record());
    server.pause();
    const started = performance.now();
    const error = await failure(sessions.list("ann"));
    expect(error).toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE", status: 503 });
    expect(performance.now() - started).toBeLessThan(TIMEOUT + 30_000);
    server.resume();
    await until(async () => (await sessions.list("ann")).items.length === 0, 30);
    expect(await store.get("key")).not.toBeNull();
  });

  it("an answer that is lost after the write was applied is a failure, and is not applied twice", async () => {
    const server = await startRedis();
    later(() => server.close());
    const proxy = await startProxy(server.port);
    later(() => proxy.close());
    const store = redisStore(await open(proxy.port));
    const direct = redisStore(await open(server.port));
    await store.create("key", record());
    const { version } = (await store.get("key")) ?? { version: "" };
    // So that the script is known, and the lost answer is that of the only command.
    await store.update("other", record(), version);
    const dropped = proxy.dropAnswer({ matches: /EVALSHA/i });
    const lost = await failure(store.update("key", record({ payload: '{"n":1}' }), version));
    await dropped;
    expect(lost).toBeInstanceOf(Error);
    const now = await direct.get("key");
    expect(now?.payload, "it was applied").toBe('{"n":1}');
    await until(() => store.get("key"), 30);
    const retry = await store.update("key", record({ payload: '{"n":2}' }), version);
    expect(retry, "whoever tries again with what was read is told").toMatchObject({ status: "conflict" });
  });

  it("a lost answer to delete() is a failure, and the session is gone", async () => {
    const server = await startRedis();
    later(() => server.close());
    const proxy = await startProxy(server.port);
    later(() => proxy.close());
    const store = redisStore(await open(proxy.port));
    await store.create("key", record());
    await store.delete("other");
    const dropped = proxy.dropAnswer({ matches: /EVALSHA/i });
    expect(await failure(store.delete("key"))).toBeInstanceOf(Error);
    await dropped;
    await until(async () => (await store.get("key")) === null, 30);
  });

  it("cut and refused connections fail, a slow network does not, and nothing needs a restart", async () => {
    const server = await startRedis();
    later(() => server.close());
    const proxy = await startProxy(server.port);
    later(() => proxy.close());
    const store = redisStore(await open(proxy.port));
    await store.create("key", record());
    proxy.delay(100);
    const started = performance.now();
    expect(await store.get("key")).not.toBeNull();
    expect(performance.now() - started).toBeGreaterThanOrEqual(190);
    proxy.delay(0);
    proxy.refuse();
    proxy.cut();
    expect(await failure(store.get("key"))).toBeInstanceOf(Error);
    proxy.heal();
    await until(async () => (await store.get("key")) !== null, 30);
    await until(() => proxy.connections === 1, 30);
  });

  it("a full server refuses new sessions and changes, and goes on reading, ending and revoking", async () => {
    const server = await startRedis(["--maxmemory", "6mb", "--maxmemory-policy", "noeviction"]);
    later(() => server.close());
    const store = redisStore(await open(server.port));
    await store.create("first", record({ userId: "ann" }));
    const payload = "x".repeat(100_000);
    let count = 0;
    const full = await failure(
      (async () => {
        for (; count < 1000; count += 1) await store.create(`key${count}`, record({ payload, userId: "bob" }));
      })(),
    );
    expect(String(full)).toMatch(/OOM/);
    expect(JSON.stringify(full), "no data in an error").not.toContain("xxxx");
    expect(count).toBeGreaterThan(5);
    expect(await store.get(`key${count}`), "what was refused is not there").toBeNull();
    expect(await store.get("first")).not.toBeNull();
    expect(await store.touch("first", Date.now() + 1, 0)).toBe(true);
    expect(await store.deleteAll("ann")).toEqual(["first"]);
    expect(await store.get("first")).toBeNull();
    expect(await store.delete("key0")).toBe(true);
    expect((await store.clear()).length).toBe(count - 1);
    expect(await store.create("again", record({ payload }))).not.toBeNull();
  });
});

it("a command that the client sends again, because an answer was lost, is done once", async () => {
  const server = await startRedis();
  later(() => server.close());
  const io = new Redis(server.port, "127.0.0.1");
  later(() => io.disconnect());
  const twice: RedisClient = {
    async command(args: readonly string[]) {
      const [name = "", ...rest] = args;
      await io.call(name, ...rest);
      return io.call(name, ...rest);
    },
  };
  const store = redisStore(twice);
  const sessions = createSessions<{ count?: number }>({
    secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc",
    store,
  });
  const session = await sessions.open(new Request("https://example.test/"));
  session.data.count = 0;
  await sessions.commit(session);
  for (let turn = 1; turn <= 20; turn++) expect(await session.update("count", (n = 0) => n + 1)).toBe(turn);
  await Promise.all(Array.from({ length: 20 }, () => session.update("count", (n = 0) => n + 1)));
  expect((await sessions.get(session.id))?.data).toEqual({ count: 40 });
});
