/**
 * The store for memcached, by a URL or over the application's client: the five verbs, and nothing by user.
 *
 * @module
 */
import { SessionError } from "../errors.ts";
import type { MemcachedClient, OwnClient } from "./memcached/client.ts";
import type { Memcache } from "./memcached/memcache.ts";
import { viaMemcache } from "./memcached/memcache.ts";
import type { MemcachedStoreOptions } from "./memcached/options.ts";
import { checkOptions, checkSource } from "./memcached/options.ts";
import { connectTo } from "./memcached/servers.ts";
import { Verbs } from "./memcached/verbs.ts";
import type { ClosableStore, HealthStore } from "./store.ts";

export type { MemcachedClient, MemcachedItem } from "./memcached/client.ts";
export type { Memcache, MemcacheNode } from "./memcached/memcache.ts";
export type { MemcachedStoreOptions } from "./memcached/options.ts";

/**
 * What `memcachedStore` makes: the five verbs. memcached cannot find an item but by its key, so there is no listing, no
 * limit and no revocation by user, and none of that compiles.
 */
export interface MemcachedStore extends ClosableStore, HealthStore {}

/**
 * A store in memcached: compare-and-set like every other, but in memory only. A restart of a server ends the sessions
 * that it had, and a server that is short of memory ends some at any time; none of that brings one back.
 *
 * With a URL it speaks to the servers itself, over one connection each. It takes a `Memcache` of the package
 * `memcache`, by way of its nodes (memcached 1.6 and later), and any object with the five verbs of `MemcachedClient`;
 * `close` leaves those open. The list of servers must be the same in every process and must not change by itself: a
 * session is looked for on one server only.
 *
 * A record has to fit into an item: 1 MB, less what memcached keeps for itself, unless `-I` says otherwise.
 *
 * @param source `memcached://host:11211`, several with commas between, or a client.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a wrong option. Calls reject with
 *   `SOJOURN_STORE_UNAVAILABLE` when a server did not answer in time or the store has been closed, and with the error
 *   of the connection or the client for all else.
 *
 * @example
 * ```ts no-run
 * import { memcachedStore } from "sojourn/stores/memcached";
 *
 * const store = memcachedStore("memcached://cache-1:11211,cache-2:11211");
 * ```
 */
export function memcachedStore(
  source: string | Memcache | MemcachedClient,
  options: MemcachedStoreOptions = {},
): MemcachedStore {
  const { prefix, clock, timeout } = checkOptions(options);
  const { client, own } = clientOf(checkSource(source), timeout);
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  const verbs = new Verbs(client, prefix, clock);

  const run = async <T>(call: () => Promise<T>): Promise<T> => {
    if (closing) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The memcached store has been closed.");
    const promise = call();
    running.add(promise);
    try {
      return await promise;
    } finally {
      running.delete(promise);
    }
  };
  const close = async (): Promise<void> => {
    await Promise.allSettled(running);
    verbs.forget();
    await own?.close();
  };

  return {
    name: "memcached",
    consistency: "cas",
    get: (key) => run(() => verbs.get(key)),
    create: (key, record) => run(() => verbs.create(key, record)),
    update: (key, record, expected) => run(() => verbs.update(key, record, expected)),
    touch: (key, seenAt, expiresAt) => run(() => verbs.touch(key, seenAt, expiresAt)),
    delete: (key) => run(() => verbs.delete(key)),
    close: () => {
      closing ??= close();
      return closing;
    },
    health: async () => {
      const start = performance.now();
      await run(() => verbs.health());
      return { latencyMs: performance.now() - start };
    },
  };
}

function clientOf(
  source: string | Memcache | MemcachedClient,
  timeout: number,
): { readonly client: MemcachedClient; readonly own?: OwnClient } {
  if (typeof source === "string") {
    const own = connectTo(source, timeout);
    return { client: own, own };
  }
  return { client: "hash" in source ? viaMemcache(source, timeout) : source };
}
