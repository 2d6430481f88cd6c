/** A connection that is lost in silence: packets are swallowed, nobody is told, and new connections work. */
import { once } from "node:events";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import { connect } from "../../src/stores/redis/connection.ts";
import { Watching } from "../../src/stores/redis/watching.ts";
import type { RedisClient, RedisStore } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { until } from "../servers/process.ts";
import { startProxy } from "../servers/proxy.ts";
import { ask, startRedis } from "../servers/redis.ts";

const server = await startRedis();
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => server.close());

const record = (): SessionRecord => {
  const now = Date.now();
  return { payload: "{}", userId: "ann", createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
};

/** A proxy whose present connections can be silenced, each for ever, while it takes new ones. */
async function silencing() {
  const proxy = await startProxy(server.port);
  ends.push(() => proxy.close());
  return proxy;
}

/** Set up as docs/redis.md says. */
const clients: Record<string, (port: number) => Promise<RedisClient | string>> = {
  "a URL": async (port) => `redis://127.0.0.1:${port}`,
  "a client of redis": async (port) => {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true });
    client.on("error", () => {});
    await client.connect();
    ends.push(() => client.destroy());
    return client;
  },
  "a client of ioredis": async (port) => {
    const options = { maxRetriesPerRequest: 0, enableOfflineQueue: false, autoResendUnfulfilledCommands: false };
    const client = new Redis(port, "127.0.0.1", options);
    client.on("error", () => {});
    await once(client, "ready");
    ends.push(() => client.disconnect());
    return client;
  },
};

describe.each(Object.keys(clients))("with %s", (name) => {
  async function start(timeout?: number) {
    const proxy = await silencing();
    const store = redisStore(await (clients[name] as (port: number) => Promise<RedisClient | string>)(proxy.port), {
      timeout,
    });
    ends.push(() => store.close());
    return { proxy, store };
  }

  it("calls fail in time, and the next ones are served over a connection of its own", async () => {
    const { proxy, store } = await start(300);
    await until(() => store.create("AbC", record()), 30, "a record");
    proxy.silence();
    const failures = await Promise.allSettled([store.get("AbC"), store.touch("AbC", 1, 1)]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ status: "rejected", reason: { code: "SOJOURN_STORE_UNAVAILABLE" } });
    }
    await until(async () => (await store.get("AbC")) !== null, 30, "an answer");
    // And again, for the one of its own may be lost, too.
    proxy.silence();
    await expect(store.get("AbC")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await until(async () => (await store.get("AbC")) !== null, 30, "an answer again");
    await until(() => store.health(), 30, "health");
  });

  it("served again after one call by default, and ends are heard over the new connection", async () => {
    const { proxy, store } = await start();
    const ended: string[] = [];
    ends.push(store.watch((key) => ended.push(key)));
    await store.create("AbC", record());
    await until(async () => /:1\r\n$/.test(await ask(server.port, "PUBSUB NUMSUB sojourn:ended")), 30, "subscription");
    proxy.silence();
    await expect(store.get("AbC")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await until(async () => (await store.get("AbC")) !== null, 5, "an answer");
    await until(
      async () => {
        await ask(server.port, "PUBLISH sojourn:ended DeF");
        return ended.includes("DeF");
      },
      30,
      "an end",
    );
  });

  it("a frozen server is no reason for more than one attempt at a time, and all is well when it thaws", async () => {
    const { proxy, store } = await start(200);
    await until(() => store.create("GhI", record()), 30, "a record");
    server.pause();
    try {
      for (let round = 0; round < 5; round += 1) await expect(store.get("GhI")).rejects.toThrow();
      expect(proxy.connections).toBeLessThan(6);
    } finally {
      server.resume();
    }
    await until(async () => (await store.get("GhI")) !== null, 30, "an answer");
  });
});

it("an answer that arrived while the process was busy counts", async () => {
  const store = redisStore(`redis://127.0.0.1:${server.port}`, { timeout: 200 });
  ends.push(() => store.close());
  await until(() => store.create("JkL", record()), 30, "a record");
  const answer = store.get("JkL");
  await new Promise((resolve) => setImmediate(resolve));
  const end = performance.now() + 800;
  while (performance.now() < end);
  expect(await answer).not.toBeNull();
});

describe("watch()", () => {
  const client = () => {
    const options = { maxRetriesPerRequest: 0, enableOfflineQueue: false, autoResendUnfulfilledCommands: false };
    return (port: number) => {
      const made = new Redis(port, "127.0.0.1", options);
      made.on("error", () => {});
      ends.push(() => made.disconnect());
      return made;
    };
  };

  it("hears again after two quick losses, with ioredis as docs/redis.md has it", async () => {
    const proxy = await silencing();
    const io = client()(proxy.port);
    await once(io, "ready");
    const store: RedisStore = redisStore(io);
    const ended: string[] = [];
    ends.push(store.watch((key) => ended.push(key)));
    const subscribed = async () => /:1\r\n$/.test(await ask(server.port, "PUBSUB NUMSUB sojourn:ended"));
    await until(subscribed, 30, "subscription");
    for (let loss = 0; loss < 4; loss += 1) {
      proxy.cut();
      await until(() => proxy.connections > 0, 30, "a connection");
    }
    await until(subscribed, 30, "subscription after losses");
    await ask(server.port, "PUBLISH sojourn:ended MnO");
    await until(() => ended.includes("MnO"), 30, "an end");
  });

  it("notices that its subscription is gone, says so, and subscribes anew", async () => {
    const io = client()(server.port);
    await once(io, "ready");
    let lost = 0;
    const connection = connect(io);
    const stops: (() => void)[] = [];
    // A client that believes in a subscription which the server has forgotten.
    const deaf = {
      ...connection,
      subscribe: async (channel: string, onMessage: (message: string) => void, over: AbortSignal) => {
        lost += 1;
        if (lost === 1) return () => {};
        const stop = await connection.subscribe(channel, onMessage, over);
        stops.push(stop);
        return stop;
      },
    };
    const watching = new Watching(deaf, "channel", 20);
    ends.push(() => watching.close());
    const ended: string[] = [];
    watching.add((key) => ended.push(key));
    let told = false;
    await until(
      () => {
        try {
          watching.check();
        } catch (error) {
          told = (error as { code?: string }).code === "SOJOURN_STORE_UNAVAILABLE";
        }
        return lost >= 2;
      },
      30,
      "a new subscription",
    );
    await until(
      () => {
        watching.check();
      },
      30,
      "a subscription that stands",
    );
    expect(told || lost === 2).toBe(true);
    await ask(server.port, "PUBLISH channel PqR");
    await until(() => ended.includes("PqR"), 30, "an end");
    // While it stands, it is left alone.
    const beats = async () => lost;
    await ask(server.port, "PUBLISH channel StU");
    await until(() => ended.includes("StU"), 30, "an end");
    expect(await beats()).toBe(2);
  });
});
