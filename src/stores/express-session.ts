/**
 * Both bridges to express-session: a store that was written for it as a store of Sojourn, and a store of Sojourn for
 * its middleware.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { checkKnown, invalidOption } from "../errors.ts";
import { bridge } from "./express-session/bridge.ts";
import type { ExpressSessionModule, ExpressStore } from "./express-session/module.ts";
import { promised } from "./express-session/promised.ts";
import { Sessions } from "./express-session/sessions.ts";
import { slotsOf } from "./express-session/slots.ts";
import { clockOf } from "./parts/bounds.ts";
import { within } from "./parts/timeout.ts";
import type { PlainStoreOptions } from "./plain/options.ts";
import { checkOptions } from "./plain/options.ts";
import type { PlainStore } from "./plain/plain-store.ts";
import { plainStore } from "./plain/plain-store.ts";
import type { Store } from "./store.ts";

export type { ExpressSessionData, ExpressSessionModule, ExpressStore } from "./express-session/module.ts";

const BELOW_30_DAYS = 30 * 86_400_000 - 60_000;

/** How a store over a store of express-session is set up; everything has a default. */
export interface FromExpressStoreOptions extends PlainStoreOptions {
  /**
   * The longest expiry, in milliseconds, that the back end understands; what lives longer is given this one, and is
   * lost when nobody uses it for so long. 60,000 or more; default 2,591,940,000 (a minute less than 30 days) for a
   * store with "memcache" in its class's name, because memcached takes more than 30 days for a date in 1970; `Infinity`
   * for any other.
   */
  readonly longestTtl?: number | undefined;
}

/** What `fromExpressStore` makes: the five verbs, and `consistency: "none"`. */
export type FromExpressStore = PlainStore;

/**
 * Any store that was written for express-session (`connect-*`, `session-file-store`, `memorystore`…) as a store of
 * Sojourn: for a back end that has nothing better. Weaker than ours, for that interface can neither insert nor compare:
 * within one process every verb is exact; of two updates of one session in two processes at the same moment one can be
 * lost. A session that was ended stays ended, also across processes, as far as the back end shows at once what was
 * written.
 *
 * It keeps records of its own beside the sessions that express-session wrote, and does not read those.
 * session-file-store reads a file that is not there six times before it believes it: give it `retries: 0`.
 *
 * @param store An instance, not the class.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for another object or an option out of bounds. Calls reject
 *   with the store's own error, or with `SOJOURN_STORE_UNAVAILABLE` when it did not call back in time or gave back what
 *   this store did not write.
 *
 * @example
 * ```ts
 * import session from "express-session";
 * import { fromExpressStore } from "sojourn/stores/express-session";
 *
 * const store = fromExpressStore(new session.MemoryStore());
 * store.consistency; // → "none"
 * ```
 */
export function fromExpressStore(store: ExpressStore, options: FromExpressStoreOptions = {}): FromExpressStore {
  checkExpressStore("store", store);
  checkKnown(options, { prefix: true, clock: true, timeout: true, longestTtl: true });
  const { longestTtl = /memcache/i.test(store.constructor.name) ? BELOW_30_DAYS : Number.POSITIVE_INFINITY } = options;
  if (typeof longestTtl !== "number" || !(longestTtl >= 60_000)) {
    throw invalidOption("longestTtl", longestTtl, "60000 milliseconds or more");
  }
  return plainStore("express-session", store, slotsOf(promised(store), longestTtl), checkOptions(options, ""));
}

/** How a store for express-session is set up; everything has a default. */
export interface ToExpressStoreOptions {
  /**
   * Milliseconds that a session lives after its last request when its cookie has no `maxAge` and so ends with the
   * browser, which the server does not learn. 1,000 to 31,536,000,000 (a year), default 86,400,000 (a day).
   */
  readonly ttl?: number | undefined;
  /**
   * Milliseconds by which the deadline must move before a request that changed nothing is written down; never more
   * than a tenth of what the session has left. A session can end that much early. 0 to 3,600,000, default 60,000; 0
   * writes for every request.
   */
  readonly touchEvery?: number | undefined;
  /**
   * Who is logged in, from the session's data: then the store can `list` and `deleteAll` by user. Called with a copy
   * whenever data is stored. It must not throw. Default: nobody.
   */
  readonly userId?: ((session: Readonly<Record<string, unknown>>) => string | undefined) | undefined;
  /**
   * The store that express-session had before. A session that is not in the new one is looked for there, and moved by
   * the first request that presents it, so that nobody is logged out by the change. `all` and `length` do not count
   * what has not moved. Default: none.
   */
  readonly previous?: ExpressStore | undefined;
  /**
   * `true` (default): sessions move from `previous` when they are used, and new ones are made in the new store.
   * `false`: nothing moves and new ones are made in `previous`, but what is in the new store is found. That is the
   * first step of a roll-out: processes that know only `previous` may run beside it, and so may, later, those that
   * move. Only with `previous`.
   */
  readonly moves?: boolean | undefined;
  /** Milliseconds that one call of a store may take; then the request gets an error. 50 to 600,000, default 5,000. */
  readonly timeout?: number | undefined;
  /** Gives `createdAt` and `seenAt`; deadlines are the cookie's, of the system's clock. Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/**
 * Any store of Sojourn as a store for express-session, so that an application can keep its middleware and its
 * `req.session`.
 *
 * What it adds to express-session: a session that was destroyed or regenerated is not brought back by a request that
 * was still under way; two requests that change different properties both keep them; an id is stored as its SHA-256; a
 * request that changed nothing writes once a minute at most. What it cannot add: of two requests that change the *same*
 * property the last one wins, for there is no `update`; express-session sends headers before it saves; and its
 * `rolling` sends the cookie of a destroyed session again.
 *
 * A plain object that is `set` under an id that the store has not given it with is taken as it is: inserted, or put in
 * the place of what is there.
 *
 * @param store Of its own: `clear` ends everything in it. The better its consistency, the better this is.
 * @param session The module: `import session from "express-session"`.
 * @returns For the option `store` of the middleware. `all` and `length` read every session; they and `clear` are there
 *   when the store can be walked through. `all` gives sessions without ids, for those are not kept. `close` the store
 *   that you gave yourself.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for wrong arguments. Failures go to the callbacks, as
 * `SOJOURN_STORE_UNAVAILABLE` with `status` 503, which Express answers with.
 *
 * @example
 * ```ts
 * import session from "express-session";
 * import { toExpressStore } from "sojourn/stores/express-session";
 *
 * app.use(session({ store: toExpressStore(store, session), secret: "kept elsewhere", resave: false, saveUninitialized: false }));
 * ```
 */
export function toExpressStore<Base>(
  store: Store,
  session: ExpressSessionModule<Base>,
  options: ToExpressStoreOptions = {},
): Base {
  if (typeof store?.get !== "function" || typeof store.update !== "function") {
    throw invalidOption("store", store, "a store of Sojourn");
  }
  if (typeof session?.Store !== "function") {
    throw invalidOption("session", session, 'the module: import session from "express-session"');
  }
  checkKnown(options, {
    clock: true,
    moves: true,
    previous: true,
    timeout: true,
    touchEvery: true,
    ttl: true,
    userId: true,
  });
  const { userId, previous, moves = true } = options;
  if (typeof moves !== "boolean" || (!moves && previous === undefined)) {
    throw invalidOption("moves", moves, "true, or false beside `previous`");
  }
  if (previous !== undefined) checkExpressStore("previous", previous);
  if (userId !== undefined && typeof userId !== "function") throw invalidOption("userId", userId, "a function");
  const ask = within(store.name, bounded("timeout", options.timeout ?? 5000, 50, 600_000));
  const ttl = bounded("ttl", options.ttl ?? 86_400_000, 1000, 31_536_000_000);
  const touchEvery = bounded("touchEvery", options.touchEvery ?? 60_000, 0, 3_600_000);
  const settings = {
    clock: clockOf(options.clock),
    ttl,
    touchEvery,
    userId,
    ask,
    previous: previous && promised(previous),
    moves,
  };
  return bridge(session, store, new Sessions(store, settings));
}

function checkExpressStore(option: string, store: ExpressStore): void {
  const verbs = [store?.get, store?.set, store?.destroy];
  if (typeof store !== "object" || !verbs.every((verb) => typeof verb === "function")) {
    throw invalidOption(option, store, "an instance of a store for express-session, with get, set and destroy");
  }
}

function bounded(option: string, value: number, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw invalidOption(option, value, `milliseconds from ${least} to ${most}`);
}
