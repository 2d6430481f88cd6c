/**
 * The store for unstorage (Nitro, Nuxt, Astro), over whichever driver it has: the five verbs, exact within one process.
 *
 * @module
 */
import { checkKnown, invalidOption } from "../errors.ts";
import type { PlainStoreOptions } from "./plain/options.ts";
import { checkOptions } from "./plain/options.ts";
import type { PlainStore } from "./plain/plain-store.ts";
import { plainStore } from "./plain/plain-store.ts";
import type { Slots } from "./plain/slots.ts";

/** What comes with a write: seconds, where the driver knows what to do with them; 0 is "for ever". */
export interface UnstorageWrite {
  readonly ttl: number;
}

/** The part of an unstorage `Storage` or of one of its drivers that is used. */
export interface UnstorageClient {
  getItem(key: string): unknown;
  setItem?(key: string, value: string, options: UnstorageWrite): unknown;
  removeItem?(key: string, options: object): unknown;
  /** Of a `Storage`: which driver keeps a key. */
  getMount?(key: string): { readonly driver: object };
}

/** How a store over unstorage is set up; everything has a default. */
export interface UnstorageStoreOptions extends PlainStoreOptions {
  /**
   * The longest expiry, in milliseconds, that the driver understands. Sessions that live longer get none: they expire
   * all the same, but nobody cleans up those that are not asked for again. 60,000 or more; default 2,147,483,647 (24.8
   * days), for a timer takes more for nothing. `Infinity` for Redis and databases.
   */
  readonly longestTtl?: number | undefined;
  /**
   * Whether this process alone writes to the storage. The drivers over files (`fs`, `fs-lite`) do not replace a file at
   * once, and two processes that write one session mix their writes in it: they are refused unless this is `true`.
   * Default false.
   */
  readonly onlyProcess?: boolean | undefined;
}

/** What `unstorageStore` makes: the five verbs, and `consistency: "none"`. */
export type UnstorageStore = PlainStore;

/**
 * A store over unstorage (Nitro, Nuxt, Astro), and so over everything that has a driver for it. Weaker than the others,
 * for unstorage can neither insert nor compare: within one process every verb is exact; of two updates of one session
 * in two processes at the same moment one can be lost. A session that was ended stays ended, also across processes, as
 * far as the driver shows at once what was written: Redis, databases and files do, Cloudflare KV and other replicated
 * caches do not.
 *
 * Drivers that know `ttl` (Redis, Upstash, Cloudflare KV, Deno KV…) drop what expired; with the others it stays until
 * somebody asks for it to be ended. Within `clear` and `getKeys` of the storage, sessions are keys that begin with
 * `prefix`.
 *
 * @param storage What `createStorage` or `useStorage` gives, or a driver.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for another object, a driver that only reads, or an option out
 *   of bounds. Calls reject with the driver's error, or with `SOJOURN_STORE_UNAVAILABLE` when it did not answer in time
 *   or gave back what this store did not write.
 *
 * @example
 * ```ts
 * import { unstorageStore } from "sojourn/stores/unstorage";
 * import { createStorage } from "unstorage";
 *
 * const store = unstorageStore(createStorage());
 * store.consistency; // → "none"
 * ```
 */
export function unstorageStore(storage: UnstorageClient, options: UnstorageStoreOptions = {}): UnstorageStore {
  checkKnown(options, { prefix: true, clock: true, timeout: true, longestTtl: true, onlyProcess: true });
  const { longestTtl = 2_147_483_647 } = options;
  if (typeof longestTtl !== "number" || !(longestTtl >= 60_000)) {
    throw invalidOption("longestTtl", longestTtl, "60000 milliseconds or more");
  }
  const settings = checkOptions(options);
  checkClient("storage", storage, "what unstorage's createStorage() gives, or a driver that reads and writes");
  const driver = storage.getMount?.(settings.prefix).driver;
  if (options.onlyProcess !== true) refuseFiles(driver ?? storage);
  if (driver) checkClient("storage", driver, `a driver that reads and writes where "${settings.prefix}" is mounted`);
  return plainStore("unstorage", storage, slotsOf(storage, longestTtl), settings);
}

function refuseFiles(driver: { readonly name?: unknown }): void {
  if (driver.name !== "fs" && driver.name !== "fs-lite") return;
  const expected =
    "a driver that replaces a value at once, or onlyProcess: true where no other process writes to the files";
  throw invalidOption("storage", driver.name, `${expected} (fileStore is for several)`);
}

function slotsOf(storage: UnstorageClient, longestTtl: number): Slots {
  return {
    async read(slot) {
      const value = whole(await storage.getItem(slot));
      return value === undefined || value === null ? undefined : String(value);
    },
    async write(slot, text, ttl) {
      whole(await storage.setItem?.(slot, text, { ttl: ttl > longestTtl ? 0 : Math.ceil(ttl / 1000) }));
    },
    async remove(slot) {
      whole(await storage.removeItem?.(slot, {}));
    },
  };
}

/** The drivers over files answer with the error instead of rejecting with it. */
function whole(value: unknown): unknown {
  if (value instanceof Error) throw value;
  return value;
}

/** unstorage does nothing, and says nothing, where a driver cannot write: the session would seem to be stored. */
function checkClient(option: string, found: object | null | undefined, expected: string): void {
  const { getItem, setItem, removeItem, options } = (found ?? {}) as Partial<UnstorageClient> & {
    readonly options?: { readonly readOnly?: unknown };
  };
  const able = [getItem, setItem, removeItem].every((verb) => typeof verb === "function");
  if (!able || options?.readOnly === true) throw invalidOption(option, found, expected);
}
