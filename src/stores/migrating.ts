/**
 * Two stores as one, while sessions move from the old to the new and the application runs.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { checkKnown, invalidOption } from "../errors.ts";
import type { MigrateOptions, MigrationProgress } from "./migrating/copying.ts";
import { migrate } from "./migrating/copying.ts";
import { Pair } from "./migrating/pair.ts";
import { scanVerbs } from "./migrating/scanning.ts";
import { userVerbs } from "./migrating/users.ts";
import { create, endVerb, get, touch, update } from "./migrating/verbs.ts";
import { clockOf } from "./parts/bounds.ts";
import { Door } from "./parts/open-calls.ts";
import type { ClosableStore, EndStore, HealthStore, ScanStore, Store, UserStore, WatchStore } from "./store.ts";
import { isEndStore, isHealthStore, isScanStore, isUserStore, isWatchStore } from "./store.ts";

export type { MigrateOptions, MigrationProgress } from "./migrating/copying.ts";

/** How sessions get from one store to the other. */
export interface MigratingStoreOptions {
  /**
   * `true` (default): sessions move to `to` when they are used, and new ones are made there. `false`: nothing moves and
   * new sessions are made in `from`, but what is in `to` is found. That is the first step of a roll-out: programs that
   * use `from` by itself may run beside it, and so may, later, those that move.
   */
  readonly moves?: boolean | undefined;
  /** The clock of both stores. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** What both stores can do, over both; but to sweep, which each does for itself. */
export type StorePair<From extends Store, To extends Store> = Store &
  ClosableStore &
  (From | To extends UserStore ? UserStore : unknown) &
  (From | To extends EndStore ? EndStore : unknown) &
  (From | To extends ScanStore ? ScanStore : unknown) &
  (From | To extends WatchStore ? WatchStore : unknown) &
  (From | To extends HealthStore ? HealthStore : unknown);

/** What moves the sessions that nobody uses; there when the old store can be walked through. */
export interface Migration {
  /**
   * Walks through `from` and moves what it finds, a bounded step at a time: each yields how far it has come. Stop
   * anywhere; go on from `cursor`, or from the beginning, which only looks again at what is left. Several at once do no
   * harm.
   *
   * @throws SessionError `SOJOURN_UNSUPPORTED` for a store with `moves: false`. Rejects with a store's own error when
   * one fails; what was moved stays moved.
   */
  migrate(options?: MigrateOptions): AsyncGenerator<MigrationProgress, void, undefined>;
}

/** What `migratingStore` makes. */
export type MigratingStore<From extends Store, To extends Store> = StorePair<From, To> &
  (From extends ScanStore ? Migration : unknown);

/**
 * A store made of two, on the way from one to the other: sessions are read from both, move to `to` when they are used,
 * and `migrate` moves the rest. Nobody is logged out, nobody who was logged out comes back, and it works the same with
 * any number of processes, whichever of them stops at whatever moment.
 *
 * A session is in one of the two stores at any time. A move is decided by one compare-and-set in `from`, which no
 * record that was ended or changed meanwhile passes. It counts as a write: an update that read the session before is
 * answered with `conflict` and what is there. The limit of sessions per user is exact as long as all processes run with
 * the same `moves`. `scan` may give a session twice that moves while it is walked. Once moved, a session costs one call
 * to read, and an unknown one three.
 *
 * All processes must use both stores before the first session moves: one that uses `from` by itself does not find what
 * has moved, nor end it. docs/migrating-stores.md has the steps, and the way back.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for a store without compare-and-set, or twice the same.
 *
 * @example
 * ```ts
 * const store = migratingStore(fileStore("./sessions"), sqliteStore("./sessions.db"));
 * for await (const { moved, done } of store.migrate()) console.log(moved, done);
 * ```
 */
export function migratingStore<From extends Store, To extends Store>(
  from: From,
  to: To,
  options: MigratingStoreOptions & { readonly moves: false },
): StorePair<From, To>;
export function migratingStore<From extends Store, To extends Store>(
  from: From,
  to: To,
  options?: MigratingStoreOptions,
): MigratingStore<From, To>;
export function migratingStore(from: Store, to: Store, options: MigratingStoreOptions = {}): Store {
  checkKnown(options, { moves: true, clock: true });
  const { moves = true } = options;
  const clock = clockOf(options.clock);
  if (typeof moves !== "boolean") throw invalidOption("moves", moves, "true or false");
  for (const [option, store] of Object.entries({ from, to })) {
    if (store.consistency !== "cas") throw invalidOption(option, store.name, "a store with compare-and-set");
  }
  if (from === to) throw invalidOption("to", to.name, "another store than `from`");
  const pair = new Pair({ from, to }, moves ? "to" : "from", clock);
  const door = new Door();
  const verbs = {
    get: (key) => get(pair, moves, key),
    create: (key, record) => create(pair, key, record),
    update: (key, record, expected) => update(pair, key, record, expected),
    touch: (key, seenAt, expiresAt) => touch(pair, moves, key, seenAt, expiresAt),
    delete: (key) => pair.end(key),
    ...(isUserStore(from) && isUserStore(to) && userVerbs(pair, { from, to }, moves)),
    ...(isEndStore(from) && isEndStore(to) && endVerb(pair, { from, to })),
    ...(isScanStore(from) && isScanStore(to) && scanVerbs(pair, { from, to })),
    ...(isHealthStore(from) && isHealthStore(to) && { health: () => health(from, to) }),
  } satisfies Partial<Omit<UserStore & EndStore & ScanStore & HealthStore, "name" | "consistency">>;
  const store = {
    name: `${from.name} to ${to.name}`,
    consistency: "cas" as const,
    ...door.guard(verbs),
    ...(isWatchStore(from) && isWatchStore(to) && watchBoth(door, from, to)),
    ...(isScanStore(from) && { migrate: (how?: MigrateOptions) => migrate(pair, from, moves, how) }),
    close: () => door.close([from, to]),
  };
  return store;
}

async function health(from: HealthStore, to: HealthStore): Promise<{ readonly latencyMs: number }> {
  const both = await Promise.all([from.health(), to.health()]);
  return { latencyMs: Math.max(...both.map(({ latencyMs }) => latencyMs)) };
}

function watchBoth(door: Door, from: WatchStore, to: WatchStore): Pick<WatchStore, "watch"> {
  return {
    watch(onEnded) {
      door.checkOpen();
      const stops = [from.watch(onEnded), to.watch(onEnded)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
