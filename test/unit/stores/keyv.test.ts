import { Keyv } from "keyv";
import { describe, expect, it } from "vitest";
import { createSessions } from "../../../src/index.ts";
import { type KeyvClient, type KeyvStoreOptions, keyvStore } from "../../../src/stores/keyv.ts";

const KEY = "k".repeat(43);
const DAY = 86_400_000;

const record = (expiresAt: number) => ({ payload: '{"cart":[1]}', createdAt: 0, seenAt: 0, expiresAt });

/** A Keyv that writes down what it is told. */
function recording() {
  const data = new Map<string, string>();
  const ttls: (number | undefined)[] = [];
  const client: KeyvClient = {
    throwOnErrors: true,
    get: async (key) => data.get(key),
    set: async (key, value, ttl) => {
      data.set(key, value);
      ttls.push(ttl);
      return true;
    },
    delete: async (key) => data.delete(key),
  };
  return { client, ttls };
}

describe("keyvStore()", () => {
  it("serves sessions", async () => {
    const store = keyvStore(new Keyv({ throwOnErrors: true }));
    const sessions = createSessions({ store, secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc" });
    const response = await sessions.handle(new Request("https://app.example/"), async (session) => {
      session.data.count = 1;
      return new Response("");
    });
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  it("keeps sessions within the namespace and under its prefix", async () => {
    const map = new Map<string, string>();
    const keyv = new Keyv({ store: map, namespace: "app", throwOnErrors: true });
    await keyvStore(keyv).create(KEY, record(Date.now() + 1000));
    expect([...map.keys()]).toEqual([`app:sojourn:${KEY}`]);
  });

  it("gives the time to live in milliseconds, with a minute to spare", async () => {
    const { client, ttls } = recording();
    const store = keyvStore(client, { clock: () => 1_000 });
    const version = await store.create(KEY, record(61_000.5));
    await store.update(KEY, record(31_000), version ?? "");
    await store.touch(KEY, 2_000, 41_000);
    expect(ttls).toEqual([120_001, 90_000, 100_000]);
  });

  it.each<[KeyvStoreOptions, number, number]>([
    [{}, 24 * DAY, 24 * DAY + 60_000],
    [{}, 25 * DAY, 0],
    [{ longestTtl: Number.POSITIVE_INFINITY }, 400 * DAY, 400 * DAY + 60_000],
  ])("gives none that is too long: %j %d", async (given, life, ttl) => {
    const { client, ttls } = recording();
    await keyvStore(client, { ...given, clock: () => 0 }).create(KEY, record(life));
    expect(ttls).toEqual([ttl]);
  });

  it("does not fall for the default that the instance was made with", async () => {
    const store = keyvStore(new Keyv({ ttl: 1, throwOnErrors: true }), { clock: () => 0 });
    await store.create(KEY, record(400 * DAY));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await store.get(KEY)).not.toBeNull();
  });

  it("rejects when the adapter fails, and when it says that it did not store", async () => {
    const failing = { get: () => Promise.reject(new Error("down")), set: async () => false, delete: async () => true };
    const keyv = new Keyv({ store: { ...failing, clear: async () => {}, opts: {} }, throwOnErrors: true });
    await expect(keyvStore(keyv).get(KEY)).rejects.toThrow("down");
    const { client } = recording();
    const store = keyvStore({ ...client, set: async () => false });
    await expect(store.create(KEY, record(Date.now() + 1000))).rejects.toThrow("did not store");
  });

  it.each([
    ["keyv", () => keyvStore(undefined as never)],
    ["keyv", () => keyvStore(new Map() as never)],
    ["keyv.throwOnErrors", () => keyvStore(new Keyv())],
    ["keyv.store.throwOnErrors", () => keyvStore({ ...recording().client, store: { throwOnErrors: false } })],
    ["prefix", () => keyvStore(recording().client, { prefix: "ü" })],
    ["timeout", () => keyvStore(recording().client, { timeout: 0 })],
    ["longestTtl", () => keyvStore(recording().client, { longestTtl: Number.NaN })],
  ])("refuses a wrong %s", (option, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", message: expect.stringContaining(`"${option}"`) }),
    );
  });
});
