import { describe, expect, it } from "vitest";
import { cachedStore } from "../../../src/stores/cached.ts";
import { d1Store, durableObjectStore, kvStore } from "../../../src/stores/cloudflare.ts";
import { fileStore } from "../../../src/stores/file.ts";
import { memcachedStore } from "../../../src/stores/memcached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { migratingStore } from "../../../src/stores/migrating.ts";
import { mysqlStore } from "../../../src/stores/mysql.ts";
import { clockOf } from "../../../src/stores/parts/bounds.ts";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";

describe("the option clock", () => {
  const nothing = (): never => {
    throw new Error("nobody is to be asked");
  };
  const stores: Record<string, (options: { clock: never }) => unknown> = {
    memory: memoryStore,
    file: (options) => fileStore({ directory: "/nowhere", ...options }),
    sqlite: (options) => sqliteStore(":memory:", options),
    redis: (options) => redisStore({ command: nothing }, options),
    postgres: (options) => postgresStore({ query: nothing }, options),
    mysql: (options) => mysqlStore("mysql://h/db", options),
    memcached: (options) => memcachedStore("memcached://h", options),
    cached: (options) => cachedStore(memoryStore(), memoryStore(), options),
    migrating: (options) => migratingStore(memoryStore(), memoryStore(), options),
    d1: (options) => d1Store({ prepare: nothing, batch: nothing } as never, options),
    kv: (options) => kvStore({ get: nothing, put: nothing } as never, options),
    "durable object": (options) => durableObjectStore({ idFromName: nothing } as never, options),
  };

  it.each(Object.keys(stores))("of the %s store must be a function, or is refused at once", (name) => {
    for (const clock of [0, "now", {}, null] as never[]) {
      expect(() => stores[name]?.({ clock })).toThrow('Option "clock"');
    }
  });

  it("is the system's by default", () => {
    const before = Date.now();
    expect(clockOf(undefined)()).toBeGreaterThanOrEqual(before);
  });
});
