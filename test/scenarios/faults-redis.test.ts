/** Forty clients over a Redis that is hurt in every way: the short form of `npm run soak`. */
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { redisStore } from "../../src/stores/redis.ts";
import { until } from "../servers/process.ts";
import { startRedis } from "../servers/redis.ts";
import { startRedisBackend } from "../soak/backends/redis.ts";
import { shortForms } from "../soak/short.ts";

await shortForms(() => startRedisBackend());
await shortForms(() => startRedisBackend({ cached: true }), ["half-open", "dropped"]);

it("a client that keeps no queue of commands hears of ends, over one connection more, and again after a restart", async () => {
  const server = await startRedis();
  const client = new Redis({
    port: server.port,
    host: "127.0.0.1",
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  });
  client.on("error", () => {});
  const store = redisStore(client);
  try {
    await until(() => store.health());
    const heard = new Set<string>();
    store.watch((key) => heard.add(key));
    const hear = async (key: string): Promise<void> => {
      const now = Date.now();
      await until(async () => {
        // What ends while there is no subscription is not told later.
        await store.create(key, { payload: "", createdAt: now, seenAt: now, expiresAt: now + 60_000 });
        await store.delete(key);
        return heard.has(key);
      });
    };
    await hear("before");
    await server.kill();
    await server.restart();
    await hear("after");
    expect(
      String(await client.call("CLIENT", "LIST"))
        .trim()
        .split("\n"),
    ).toHaveLength(2);
  } finally {
    await store.close();
    client.disconnect();
    await server.close();
  }
});
