/** A store as JSON, so that several processes open the same one. */
import { createCluster } from "redis";
import type { Clock } from "../../../src/clock.ts";
import { fileStore } from "../../../src/stores/file.ts";
import { memcachedStore } from "../../../src/stores/memcached.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { mysqlStore } from "../../../src/stores/mysql.ts";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { type ClosableStore, isClosableStore, type Store } from "../../../src/stores/store.ts";

export type StoreDescription =
  | { readonly kind: "memory" }
  | { readonly kind: "file"; readonly directory: string }
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "redis"; readonly url: string; readonly prefix: string }
  | { readonly kind: "cluster"; readonly ports: readonly number[]; readonly prefix: string }
  | { readonly kind: "postgres"; readonly url: string; readonly table: string }
  | { readonly kind: "mysql"; readonly url: string; readonly table: string }
  | { readonly kind: "memcached"; readonly url: string; readonly prefix: string };

export interface DescribedStore {
  readonly store: Store;
  close(): Promise<void>;
}

export async function openDescribed(what: StoreDescription, clock: Clock): Promise<DescribedStore> {
  if (what.kind === "cluster") return openCluster(what, clock);
  const store = open(what, clock);
  return { store, close: async () => (isClosableStore(store) ? store.close() : undefined) };
}

function open(what: Exclude<StoreDescription, { kind: "cluster" }>, clock: Clock): Store & Partial<ClosableStore> {
  switch (what.kind) {
    case "memory":
      return memoryStore({ clock });
    case "file":
      return fileStore({ directory: what.directory, durability: "rename", clock });
    case "sqlite":
      return sqliteStore(what.path, { clock, durability: "normal", sweepEvery: false });
    case "redis":
      return redisStore(what.url, { clock, prefix: what.prefix });
    case "postgres":
      return postgresStore(what.url, { clock, table: what.table, sweepEvery: false });
    case "mysql":
      return mysqlStore(what.url, { clock, table: what.table, sweepEvery: false });
    case "memcached":
      return memcachedStore(what.url, { clock, prefix: what.prefix });
  }
}

async function openCluster(
  { ports, prefix }: Extract<StoreDescription, { kind: "cluster" }>,
  clock: Clock,
): Promise<DescribedStore> {
  const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
  client.on("error", () => {});
  await client.connect();
  const store = redisStore(client, { clock, prefix });
  return {
    store,
    async close() {
      await store.close();
      client.destroy();
    },
  };
}
