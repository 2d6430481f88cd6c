/**
 * The store for Keyv, over whichever adapter it has: the five verbs, exact within one process.
 *
 * @module
 */
import { checkKnown, invalidOption } from "../errors.ts";
import type { PlainStoreOptions } from "./plain/options.ts";
import { checkOptions } from "./plain/options.ts";
import type { PlainStore } from "./plain/plain-store.ts";
import { plainStore } from "./plain/plain-store.ts";
import type { Slots } from "./plain/slots.ts";

/** The part of a `Keyv` that is used. Versions without `throwOnErrors` are refused. */
export interface KeyvClient {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ttl?: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  readonly throwOnErrors: boolean;
  /** The adapter underneath; asked only whether it hides its failures. */
  readonly store?: unknown;
}

/** How a store over Keyv is set up; everything has a default. */
export interface KeyvStoreOptions extends PlainStoreOptions {
  /**
   * The longest expiry, in milliseconds, that the adapter understands. Sessions that live longer get none: they expire
   * all the same, but nobody cleans up those that are not asked for again. 60,000 or more; default 2,147,483,647 (24.8
   * days), for a timer takes more for nothing, and so does memcached beyond 30 days. `Infinity` for Redis and
   * databases.
   */
  readonly longestTtl?: number | undefined;
}

/** What `keyvStore` makes: the five verbs, and `consistency: "none"`. */
export type KeyvStore = PlainStore;

/**
 * A store over Keyv, and so over everything that has an adapter for it. Weaker than the others, for Keyv can neither
 * insert nor compare: within one process every verb is exact; of two updates of one session in two processes at the
 * same moment one can be lost. A session that was ended stays ended, also across processes, as far as the adapter shows
 * at once what was written. Prefer `redisStore` for Redis, `postgresStore` for PostgreSQL and so on, which promise more
 * and ask less.
 *
 * @param keyv With `throwOnErrors: true`, and the adapter too where it has that option: by default Keyv answers like
 * an empty store while the server is down, which would log everybody out.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for another object, a Keyv that hides failures, or an option
 *   out of bounds. Calls reject with the adapter's error, or with `SOJOURN_STORE_UNAVAILABLE` when it did not answer in
 *   time, did not store, or gave back what this store did not write.
 *
 * @example
 * ```ts
 * import { Keyv } from "keyv";
 * import { keyvStore } from "sojourn/stores/keyv";
 *
 * const store = keyvStore(new Keyv({ throwOnErrors: true }));
 * store.consistency; // → "none"
 * ```
 */
export function keyvStore(keyv: KeyvClient, options: KeyvStoreOptions = {}): KeyvStore {
  checkKnown(options, { prefix: true, clock: true, timeout: true, longestTtl: true });
  const { longestTtl = 2_147_483_647 } = options;
  if (typeof longestTtl !== "number" || !(longestTtl >= 60_000)) {
    throw invalidOption("longestTtl", longestTtl, "60000 milliseconds or more");
  }
  checkKeyv(keyv);
  return plainStore("keyv", keyv, slotsOf(keyv, longestTtl), checkOptions(options));
}

function slotsOf(keyv: KeyvClient, longestTtl: number): Slots {
  return {
    async read(slot) {
      const value = await keyv.get(slot);
      return value === undefined || value === null ? undefined : String(value);
    },
    async write(slot, text, ttl) {
      // 0 is "for ever" to Keyv; undefined would be the default that the instance was made with.
      const stored = await keyv.set(slot, text, ttl > longestTtl ? 0 : Math.ceil(ttl));
      if (stored === false) throw new Error("Keyv did not store the value.");
    },
    async remove(slot) {
      await keyv.delete(slot);
    },
  };
}

function checkKeyv(keyv: Partial<KeyvClient> | null | undefined): void {
  const verbs = [keyv?.get, keyv?.set, keyv?.delete];
  if (!verbs.every((verb) => typeof verb === "function") || typeof keyv?.throwOnErrors !== "boolean") {
    throw invalidOption(
      "keyv",
      keyv,
      "a Keyv that has throwOnErrors (5.6 does), not an adapter: new Keyv({ store: adapter, throwOnErrors: true })",
    );
  }
  if (!keyv.throwOnErrors) throw invalidOption("keyv.throwOnErrors", false, HONEST);
  const adapter = keyv.store as { readonly throwOnErrors?: unknown } | undefined;
  if (adapter?.throwOnErrors === false) throw invalidOption("keyv.store.throwOnErrors", false, HONEST);
}

const HONEST = "true, or a server that is down would look like one without sessions";
