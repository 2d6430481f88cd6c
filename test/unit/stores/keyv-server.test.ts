/** Keyv over a real Redis: two processes' worth of connections, and a server that goes away. */
import KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { afterAll, describe, expect, it } from "vitest";
import { keyvStore } from "../../../src/stores/keyv.ts";
import { freeze } from "../../servers/freeze.ts";
import { until } from "../../servers/process.ts";
import { ask, startRedis } from "../../servers/redis.ts";

const server = await startRedis();
const adapters: KeyvRedis<string>[] = [];
afterAll(async () => {
  await Promise.all(adapters.map((adapter) => adapter.disconnect(true)));
  await server.close();
});

/** As another process would: a connection of its own, and nobody who takes turns with it. */
function anotherProcess(options: { timeout?: number } = {}) {
  const adapter = new KeyvRedis<string>(`redis://127.0.0.1:${server.port}`, { throwOnErrors: true });
  adapters.push(adapter);
  return keyvStore(new Keyv({ store: adapter, throwOnErrors: true, useKeyPrefix: false }), options);
}

const record = (payload = "first") => ({
  payload,
  createdAt: Date.now(),
  seenAt: Date.now(),
  expiresAt: Date.now() + 60_000,
});

/** The names of keys in Redis that end with a session's key, or of all. */
async function keysIn(ending = ""): Promise<string[]> {
  const answer = await ask(server.port, `KEYS *${ending}*`);
  return answer.split("\r\n").filter((line) => line.includes("sojourn:"));
}

const keyNumber = (index: number): string => String(index).padStart(43, "k");

describe("keyvStore() over Redis", () => {
  it("does not bring back what another process deleted", async () => {
    const [a, b, c] = [anotherProcess(), anotherProcess(), anotherProcess()];
    for (let round = 0; round < 150; round++) {
      const key = keyNumber(round);
      const version = (await a.create(key, record())) ?? "";
      const calls = [
        () => a.update(key, record("late"), version),
        () => b.delete(key),
        () => c.touch(key, Date.now() + 1, Date.now() + 90_000),
      ];
      if (round % 2) calls.reverse();
      await Promise.all(calls.map((call) => call()));
      expect([await a.get(key), await b.get(key), await c.get(key)]).toEqual([null, null, null]);
    }
    const keys = await keysIn();
    expect(keys).toHaveLength(150);
    expect(keys.filter((key) => !key.endsWith(".ended"))).toEqual([]);
  });

  it("leaves cleaning up to Redis", async () => {
    const store = anotherProcess();
    await store.create(keyNumber(1000), record());
    const [key] = await keysIn(keyNumber(1000));
    const ttl = Number(/:(\d+)/.exec(await ask(server.port, `PTTL ${key}`))?.[1]);
    expect(ttl).toBeGreaterThan(60_000);
    expect(ttl).toBeLessThanOrEqual(120_000);
  });

  it("rejects while the server stands still: nobody is logged out, and later it goes on", async () => {
    const store = anotherProcess({ timeout: 500 });
    const key = keyNumber(2000);
    await store.create(key, record());
    await freeze(server);
    try {
      await expect(store.get(key)).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    } finally {
      server.resume();
    }
    await until(async () => (await store.get(key))?.payload === "first", 30, "an answer");
  });

  it("rejects while the server is gone, and goes on when it is back", async () => {
    const store = anotherProcess({ timeout: 500 });
    const key = keyNumber(3000);
    await store.create(key, record());
    await server.kill();
    await expect(store.get(key)).rejects.toThrow();
    await expect(store.delete(key)).rejects.toThrow();
    await server.restart();
    await until(async () => (await store.create(key, record("again")).catch(() => null)) !== null, 30, "an answer");
    expect((await store.get(key))?.payload).toBe("again");
  });
});
