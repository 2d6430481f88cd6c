/** The stores by name, as `--store` takes them. */
import type { StartBackend } from "./backend.ts";
import { startClusterBackend } from "./backends/cluster.ts";
import { startMariadbBackend } from "./backends/mariadb.ts";
import { startMemcachedBackend } from "./backends/memcached.ts";
import { startPostgresBackend } from "./backends/postgres.ts";
import { startRedisBackend } from "./backends/redis.ts";
import { startSentinelBackend } from "./backends/sentinel.ts";

export const BACKENDS: Readonly<Record<string, StartBackend>> = {
  redis: () => startRedisBackend(),
  cached: () => startRedisBackend({ cached: true }),
  sentinel: () => startSentinelBackend(),
  "sentinel-careful": () => startSentinelBackend({ careful: true }),
  cluster: startClusterBackend,
  postgres: startPostgresBackend,
  mariadb: startMariadbBackend,
  memcached: () => startMemcachedBackend(),
  "memcached-M": () => startMemcachedBackend({ evicting: false }),
};
