import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStorage, type Driver, prefixStorage, type Storage } from "unstorage";
import fs from "unstorage/drivers/fs";
import memory from "unstorage/drivers/memory";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { createSessions } from "../../../src/index.ts";
import { type UnstorageStoreOptions, unstorageStore } from "../../../src/stores/unstorage.ts";

const KEY = "k".repeat(43);
const DAY = 86_400_000;

const record = (life = 60_000) => ({
  payload: '{"cart":[1]}',
  createdAt: Date.now(),
  seenAt: Date.now(),
  expiresAt: Date.now() + life,
});

let folder: string | undefined;
afterEach(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A driver that writes down what it is told. */
function recording() {
  const data = new Map<string, string>();
  const options: unknown[] = [];
  const driver: Driver = {
    name: "recording",
    flags: { ttl: true },
    hasItem: (key) => data.has(key),
    getItem: (key) => data.get(key) ?? null,
    setItem: (key, value, given) => {
      data.set(key, value);
      options.push(given);
    },
    removeItem: (key) => void data.delete(key),
    getKeys: () => [...data.keys()],
  };
  return { data, options, driver };
}

describe("unstorageStore()", () => {
  it("takes a storage, a part of one, a mount and a driver", async () => {
    const storage: Storage = createStorage();
    storage.mount("sojourn", memory());
    for (const client of [storage, prefixStorage(createStorage(), "app"), createStorage(), memory() as Driver]) {
      const store = unstorageStore(client);
      await store.create(KEY, record());
      expect((await store.get(KEY))?.payload).toBe('{"cart":[1]}');
    }
    expect(await storage.getKeys("sojourn")).toEqual([`sojourn:${KEY}`]);
  });

  it("serves sessions", async () => {
    const sessions = createSessions({
      store: unstorageStore(createStorage()),
      secrets: "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc",
    });
    const response = await sessions.handle(new Request("https://app.example/"), async (session) => {
      session.data.count = 1;
      return new Response("");
    });
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expectTypeOf(sessions).not.toHaveProperty("revokeUser");
  });

  it("gives the driver the time to live in whole seconds, with a minute to spare", async () => {
    const { driver, options } = recording();
    const store = unstorageStore(createStorage({ driver }), { clock: () => 1_000 });
    const version = await store.create(KEY, { ...record(), expiresAt: 61_500 });
    await store.update(KEY, { ...record(), expiresAt: 31_000 }, version ?? "");
    await store.touch(KEY, 2_000, 41_000);
    expect(options).toEqual([{ ttl: 121 }, { ttl: 90 }, { ttl: 100 }]);
  });

  it.each<[UnstorageStoreOptions, number, number]>([
    [{}, 24 * DAY, 24 * 86_400 + 60],
    [{}, 25 * DAY, 0],
    [{ longestTtl: Number.POSITIVE_INFINITY }, 400 * DAY, 400 * 86_400 + 60],
  ])("gives none that is too long: %j %d", async (given, life, ttl) => {
    const { driver, options } = recording();
    await unstorageStore(driver, { ...given, clock: () => 0 }).create(KEY, { ...record(), expiresAt: life });
    expect(options).toEqual([{ ttl }]);
  });

  it("rejects when a driver answers with an error in place of rejecting", async () => {
    const broken = new Error("EIO");
    const store = unstorageStore({ getItem: () => broken, setItem: () => undefined, removeItem: () => undefined });
    await expect(store.get(KEY)).rejects.toBe(broken);
  });

  it("refuses files that another process may write to, for it would mix its writes with ours", () => {
    const driver = fs({ base: "sessions" }) as Driver;
    for (const client of [driver, createStorage({ driver }), createStorage().mount("sojourn", driver)]) {
      expect(() => unstorageStore(client)).toThrow(/"storage".*replaces a value at once.*onlyProcess.*fileStore/);
      expect(unstorageStore(client, { onlyProcess: true }).name).toBe("unstorage");
    }
  });

  it("rejects when a folder is where the driver wants a file", async () => {
    folder = await mkdtemp(join(tmpdir(), "sojourn-unstorage-"));
    const store = unstorageStore(fs({ base: join(folder, "file") }) as Driver, { onlyProcess: true });
    await createStorage({ driver: fs({ base: folder }) as Driver }).setItem("file", "in the way");
    await chmod(join(folder, "file"), 0o600);
    await expect(store.create(KEY, record())).rejects.toThrow(/ENOTDIR|EEXIST/);
  });

  it.each([
    ["storage", () => unstorageStore(undefined as never)],
    ["storage", () => unstorageStore({ getItem: () => null })],
    ["storage", () => unstorageStore(new Map() as never)],
    ["storage", () => unstorageStore(createStorage({ driver: fs({ base: "x", readOnly: true }) as Driver }))],
    [
      "storage",
      () =>
        unstorageStore(
          createStorage().mount("sojourn", { hasItem: () => false, getItem: () => null, getKeys: () => [] }),
        ),
    ],
    ["prefix", () => unstorageStore(createStorage(), { prefix: "a?b" })],
    ["prefix", () => unstorageStore(createStorage(), { prefix: "..:" })],
    ["timeout", () => unstorageStore(createStorage(), { timeout: 1 })],
    ["clock", () => unstorageStore(createStorage(), { clock: 5 as never })],
    ["longestTtl", () => unstorageStore(createStorage(), { longestTtl: 60 })],
  ])("refuses a wrong %s", (option, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", message: expect.stringContaining(`"${option}"`) }),
    );
  });
});
