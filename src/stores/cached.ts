/**
 * A store near the application before one that is far: most reads ask no server, and every write is decided by the far
 * one.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { checkKnown, invalidOption } from "../errors.ts";
import type { CacheStats } from "./cached/cache.ts";
import { Cache } from "./cached/cache.ts";
import { endVerb, replaceVerb, scanVerbs, userVerbs } from "./cached/capabilities.ts";
import { clockOf, millisecondsWithin } from "./parts/bounds.ts";
import type {
  ClosableStore,
  EndStore,
  HealthStore,
  ReplaceStore,
  ScanStore,
  Store,
  SweepStore,
  UserStore,
  WatchStore,
} from "./store.ts";
import {
  isEndStore,
  isHealthStore,
  isReplaceStore,
  isScanStore,
  isSweepStore,
  isUserStore,
  isWatchStore,
} from "./store.ts";

export type { CacheStats } from "./cached/cache.ts";

/** How far a cached store may be behind. */
export interface CachedStoreOptions {
  /**
   * Milliseconds for which a copy may be served after the far store was asked: the longest for which a change or an end
   * that happened in another process can go unseen here. 1 to 60,000, default 5,000.
   */
  readonly maxStaleness?: number | undefined;
  /**
   * Milliseconds for which an ended session keeps anything from being put in its place: more than the
   * longest request takes. From `maxStaleness` to 3,600,000, default 60,000.
   */
  readonly longestRequest?: number | undefined;
  /** The clock of both stores. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** What `cachedStore` makes: what the far store can do, and a look at how well the near one serves. */
export type CachedStore<Far extends Store> = Store &
  ClosableStore & { stats(): CacheStats } & (Far extends UserStore ? UserStore : unknown) &
  (Far extends ReplaceStore ? ReplaceStore : unknown) &
  (Far extends EndStore ? EndStore : unknown) &
  (Far extends ScanStore ? ScanStore : unknown) &
  (Far extends SweepStore ? SweepStore : unknown) &
  (Far extends WatchStore ? WatchStore : unknown) &
  (Far extends HealthStore ? HealthStore : unknown);

/**
 * A store made of two: reads are answered by `near` for a few seconds, everything else by `far`.
 *
 * What it keeps. Every write goes to `far` and is decided there, by its compare-and-set: a stale read leads to a
 * `conflict`, never to a lost update. What this process has written or ended it never reads otherwise afterwards,
 * however reads and writes interleave: `delete`, `deleteAll`, `clear`, `replace`, `end` and evictions leave a tombstone
 * in `near`, and the answer to a read that began before a write is not kept. What **other** processes write or end
 * shows here after `maxStaleness` at the latest, counted from the moment the far store was asked; ends show at once
 * when `far` can `watch`, and when its connection is lost meanwhile, by the same bound. (Between processes that share a
 * near store, the difference of their clocks adds to it.) When `far` fails, copies are served until they are that old,
 * and then the call rejects.
 *
 * `near` is a `memoryStore()` as a rule, of its own for each cached store; any store with compare-and-set will do, its
 * five verbs are all that is used. A copy is an anonymous record whose payload carries the far record and its version;
 * versions that callers see are the far store's. When `near` fails, reads go to `far`; a `delete` is done in `far` and
 * then rejects, because a copy may be served until it is too old. `list`, `scan` and `epoch` always ask `far`. `close`
 * closes both.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for an option out of bounds or a near store without compare-and-set.
 *
 * @example
 * ```ts
 * const store = cachedStore(memoryStore({ maxSessions: 10_000 }), sqliteStore("./sessions.db"));
 * ```
 */
export function cachedStore<Far extends Store>(
  near: Store,
  far: Far,
  options: CachedStoreOptions = {},
): CachedStore<Far> {
  checkKnown(options, { clock: true, maxStaleness: true, longestRequest: true });
  const clock = clockOf(options.clock);
  const maxStaleness = millisecondsWithin("maxStaleness", options.maxStaleness ?? 5000, 1, 60_000);
  const longestRequest = millisecondsWithin(
    "longestRequest",
    options.longestRequest ?? 60_000,
    maxStaleness,
    3_600_000,
  );
  if (near.consistency !== "cas") throw invalidOption("near", near.name, "a store with compare-and-set");
  if ((near as Store) === far) throw invalidOption("near", near.name, "another store than the far one");
  const cache = new Cache(near, far, { clock, maxStaleness, longestRequest });
  const store = {
    name: `${far.name} behind ${near.name}`,
    consistency: far.consistency,
    get: cache.get.bind(cache),
    create: cache.create.bind(cache),
    update: cache.update.bind(cache),
    touch: cache.touch.bind(cache),
    delete: cache.delete.bind(cache),
    close: cache.close.bind(cache),
    stats: cache.stats.bind(cache),
    ...(isUserStore(far) && userVerbs(cache, far)),
    ...(isReplaceStore(far) && replaceVerb(cache, far)),
    ...(isEndStore(far) && endVerb(cache, far)),
    ...(isScanStore(far) && scanVerbs(cache, far)),
    ...(isSweepStore(far) && {
      deleteExpired: async (sweep?: { readonly limit?: number | undefined }) => cache.open(far).deleteExpired(sweep),
    }),
    ...(isWatchStore(far) && { watch: cache.watch.bind(cache) }),
    ...(isHealthStore(far) && { health: async () => cache.open(far).health() }),
  };
  // The spread parts are there exactly when the far store has them, which is what the type says.
  return store as unknown as CachedStore<Far>;
}
