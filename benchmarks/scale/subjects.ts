/** Every store that is measured. */

import type { OpenWorld } from "./world.ts";
import { openMemcached, openRedis, openRedisCluster } from "./worlds/caches.ts";
import { openMariadb, openPostgres } from "./worlds/databases.ts";
import { openFile, openMemory, openSqlite } from "./worlds/embedded.ts";

export interface Subject {
  readonly title: string;
  readonly open: OpenWorld;
  /** Calls of one turn: enough for a 99th percentile. */
  readonly calls: number;
  /** Calls at once. */
  readonly width: number;
  /** Its gets wait for nothing but each other, and are made one after the other. */
  readonly readsAtOnce?: true;
  /** Calls a second while others clean up: well below what the store can do. */
  readonly pace: number;
  /** Calls at once that fill it; 256 where nothing is said. */
  readonly filling?: number;
  /** More make no sense for it. */
  readonly most?: number;
}

export const SUBJECTS: Readonly<Record<string, Subject>> = {
  memory: { title: "memory", open: openMemory, width: 1, calls: 40_000, pace: 1_000 },
  sqlite: { title: "SQLite", open: openSqlite, width: 16, readsAtOnce: true, calls: 8_000, pace: 300 },
  file: {
    title: "file",
    open: openFile,
    width: 16,
    readsAtOnce: true,
    calls: 3_000,
    pace: 200,
    filling: 8,
    most: 100_000,
  },
  redis: { title: "Redis", open: openRedis, width: 16, calls: 8_000, pace: 1_000 },
  "redis-cluster": { title: "Redis Cluster", open: openRedisCluster, width: 16, calls: 4_000, pace: 500 },
  postgres: { title: "PostgreSQL", open: openPostgres, width: 16, calls: 4_000, pace: 300 },
  mariadb: { title: "MariaDB", open: openMariadb, width: 16, calls: 4_000, pace: 300 },
  memcached: { title: "memcached", open: openMemcached, width: 16, calls: 8_000, pace: 1_000 },
};
