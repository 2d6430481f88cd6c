/** A misspelt option of any store is refused, with what may have been meant, and never quietly the default. */
import { expect, test } from "vitest";
import { isSessionError } from "../../../src/errors.ts";
import { cachedStore } from "../../../src/stores/cached.ts";
import { d1Store, durableObjectStore, kvStore } from "../../../src/stores/cloudflare.ts";
import { fromExpressStore } from "../../../src/stores/express-session.ts";
import { fileStore } from "../../../src/stores/file.ts";
import { keyvStore } from "../../../src/stores/keyv.ts";
import { memcachedStore } from "../../../src/stores/memcached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { migratingStore } from "../../../src/stores/migrating.ts";
import { mysqlStore } from "../../../src/stores/mysql.ts";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { unstorageStore } from "../../../src/stores/unstorage.ts";

const nothing = () => {};
const express = { get: nothing, set: nothing, destroy: nothing };
const binding = { get: nothing, put: nothing, prepare: nothing, batch: nothing, idFromName: nothing } as never;

const made: Readonly<Record<string, readonly [make: (options: object) => unknown, misspelt: string, meant: string]>> = {
  memory: [(options) => memoryStore(options), "maxSesions", "maxSessions"],
  file: [(options) => fileStore({ directory: "./never-made", ...options }), "sweep", "sweepEvery"],
  sqlite: [(options) => sqliteStore("./never-made.db", options), "tableName", "table"],
  postgres: [(options) => postgresStore("postgres://localhost/a", options), "unloged", "unlogged"],
  mysql: [(options) => mysqlStore("mysql://localhost/a", options), "timeOut", "timeout"],
  redis: [(options) => redisStore("redis://localhost", options), "keyPrefix", "prefix"],
  memcached: [(options) => memcachedStore("memcached://localhost", options), "prefx", "prefix"],
  keyv: [(options) => keyvStore(express as never, options), "longestTTL", "longestTtl"],
  unstorage: [(options) => unstorageStore(express as never, options), "onlyProces", "onlyProcess"],
  "express-session": [(options) => fromExpressStore(express as never, options), "ttl", "longestTtl"],
  cached: [(options) => cachedStore(memoryStore(), memoryStore(), options), "staleness", "maxStaleness"],
  migrating: [(options) => migratingStore(memoryStore(), memoryStore(), options), "move", "moves"],
  d1: [(options) => d1Store(binding, options), "sweepEvery", "sweep"],
  kv: [(options) => kvStore(binding, options), "cacheTTL", "cacheTtl"],
  "durable object": [(options) => durableObjectStore(binding, options), "shard", "shards"],
};

test.each(Object.entries(made))("%s refuses an option that it has not, and names the near one", (_, each) => {
  const [make, misspelt, meant] = each;
  let error: unknown;
  try {
    make({ [misspelt]: "x" });
  } catch (thrown) {
    error = thrown;
  }
  expect(isSessionError(error, "SOJOURN_INVALID_OPTION")).toBe(true);
  const { message } = error as Error;
  expect(message).toContain(`"${misspelt}"`);
  expect(message).toContain(meant);
});
