/**
 * The store for Redis and Valkey, over the client that the application has or by a URL.
 *
 * @module
 */
import { checkLimit } from "./parts/paging.ts";
import { isOne } from "./redis/answer.ts";
import { Calls } from "./redis/calls.ts";
import type { RedisClient } from "./redis/clients.ts";
import { ClusterUsers } from "./redis/cluster/users.ts";
import { connect } from "./redis/connection.ts";
import { connectByUrl } from "./redis/driver.ts";
import { Inspection } from "./redis/inspection.ts";
import { Keyspace } from "./redis/keyspace.ts";
import { makeLayout } from "./redis/layout.ts";
import { Link } from "./redis/link.ts";
import { list } from "./redis/listing.ts";
import type { RedisStoreOptions } from "./redis/options.ts";
import { checkOptions } from "./redis/options.ts";
import { Replicas } from "./redis/replicas.ts";
import { clear, scan } from "./redis/scanning.ts";
import { touch } from "./redis/scripts.ts";
import { SingleUsers } from "./redis/single.ts";
import type { Users } from "./redis/users.ts";
import { column } from "./redis/value.ts";
import { Watching } from "./redis/watching.ts";
import type { ClosableStore, EndStore, HealthStore, ReplaceStore, ScanStore, UserStore, WatchStore } from "./store.ts";

export type { CommandClient, RedisClient } from "./redis/clients.ts";
export type { RedisStoreOptions } from "./redis/options.ts";

/** What `redisStore` makes: every capability but `deleteExpired`, for Redis drops what expired by itself. */
export interface RedisStore extends UserStore, EndStore, ScanStore, WatchStore, ClosableStore, HealthStore {
  /** One script on a single server. Absent in a Cluster, where the two records are in different slots. */
  readonly replace?: ReplaceStore["replace"] | undefined;
}

/**
 * A store in Redis or Valkey: one server, a master behind Sentinel, or a Cluster.
 *
 * Takes the application's own client, connected, of `redis` (4 to 6: client, cluster, sentinel), `ioredis` or
 * `iovalkey` (client, cluster), or any object with `command(args)`. `close` leaves it open. With a URL the store makes
 * a client for one server itself, by `redis`, `ioredis` or `iovalkey`. Every required verb is one round trip, except
 * for a record with a user that is created, or given to another user, in a Cluster. Compare-and-set is a script.
 *
 * Before its first call it looks at the client and the server: what would make it fail in silence is refused. Set
 * `maxmemory-policy noeviction`; `volatile-*` ends sessions when memory is short, `allkeys-*` would forget revocations
 * and is refused.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for a client or option that is none, at once or from the first call.
 *   Calls reject with `SOJOURN_UNSUPPORTED` for a server that evicts what they need, `SOJOURN_RECORD_TOO_LARGE` for a
 *   session that it does not take, `SOJOURN_STORE_UNAVAILABLE` when it did not answer in `timeout`, lets the user not
 *   do something or the store has been closed, and with the client's own error for all else.
 *
 * @example
 * ```ts no-run
 * import { createClient } from "redis";
 * import { redisStore } from "sojourn/stores/redis";
 *
 * const client = createClient({ url: "redis://localhost:6379", disableOfflineQueue: true });
 * client.on("error", console.error);
 * await client.connect();
 * const store = redisStore(client);
 * ```
 */
export function redisStore(client: RedisClient | string, options: RedisStoreOptions = {}): RedisStore {
  const settings = checkOptions(options);
  const { clock, timeout } = settings;
  const connection = new Link(
    typeof client === "string" ? connectByUrl(client, timeout) : connect(client),
    timeout,
    settings.prefix,
  );
  const space = new Keyspace(connection, makeLayout(settings.prefix), clock);
  const users: Users = connection.cluster ? new ClusterUsers(space) : new SingleUsers(space);
  const replace = users.replace?.bind(users);
  const replicas = new Replicas(connection, settings.waitReplicas, settings.waitTimeout);
  const watching = new Watching(connection, space.layout.channel);
  connection.onRenewed = () => watching.again();
  const inspection = new Inspection(space, settings.waitReplicas > 0);
  const calls = new Calls(inspection);
  const open = calls.run.bind(calls) as Calls["run"];

  return {
    name: "redis",
    consistency: "cas",
    get: (key) => open(() => users.get(key)),
    create: (key, record) => open(() => users.create(key, record)),
    update: (key, record, expected) => open(() => users.update(key, record, expected)),
    touch: (key, seenAt, expiresAt) =>
      open(async () => isOne(await space.run(touch, [space.layout.record(key)], column(seenAt), column(expiresAt)))),
    delete: (key) => open(() => replicas.acknowledge(() => users.delete(key))),
    end: (key, record, expected) => open(() => replicas.acknowledge(() => users.end(key, record, expected))),
    epoch: (userId) => open(() => users.epoch(userId)),
    admit: (key, record, admission) => open(() => users.admit(key, record, admission)),
    ...(replace && {
      replace: (key, record, old, admission) => open(() => replace(key, record, old, admission)),
    }),
    list: (userId, page = {}) => open(() => list(space, users, userId, page)),
    deleteAll: (userId, { except, limit, at = clock() } = {}) =>
      open(() => replicas.acknowledge(() => users.deleteAll(userId, { except, limit: checkLimit(limit), at }))),
    scan: (page = {}) => open(() => scan(space, page)),
    clear: ({ limit, at } = {}) =>
      open(() => replicas.acknowledge(() => clear(space, users, checkLimit(limit), at ?? clock()))),
    watch: (onEnded) => {
      calls.checkOpen();
      return watching.add(onEnded);
    },
    async close() {
      watching.close();
      await calls.close(() => users.flush());
      await connection.close();
    },
    health: () =>
      open(async () => {
        const start = performance.now();
        await inspection.again();
        watching.check();
        return { latencyMs: performance.now() - start };
      }),
  };
}
