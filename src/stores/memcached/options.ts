/**
 * What an application gives to `memcachedStore`, checked: a source, and options with their defaults.
 */
import type { Clock } from "../../clock.ts";
import { checkKnown, invalidOption } from "../../errors.ts";
import { clockOf } from "../parts/bounds.ts";
import type { MemcachedClient } from "./client.ts";
import type { Memcache } from "./memcache.ts";

/** How a memcached store is set up; everything has a default. */
export interface MemcachedStoreOptions {
  /**
   * What the keys of the items begin with: visible ASCII, at most 100 characters. It must be the store's own, for who
   * can write items that begin so can write sessions. Default `"sojourn:"`.
   */
  readonly prefix?: string | undefined;
  /** What an instant is compared with; the server's clock only frees memory. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * Milliseconds that one exchange with a server may take; then it rejects and the connection is closed, and with it
   * all that was under way on it. Not for a client of the application's own, which has one. 50 to 600,000, default
   * 2,000.
   */
  readonly timeout?: number | undefined;
}

/** The options with every default filled in and every bound checked. */
export interface MemcachedSettings {
  readonly prefix: string;
  readonly clock: Clock;
  readonly timeout: number;
}

/** What a store can be made of. The message never holds a URL: there may be a password in it. */
export function checkSource(source: unknown): string | Memcache | MemcachedClient {
  if (typeof source === "string") {
    if (/^memcached:\/\/./i.test(source)) return source;
    throw invalidOption("source", undefined, 'a URL that begins with "memcached://"');
  }
  const client = source as Partial<Memcache & MemcachedClient> | null | undefined;
  if (typeof client?.hash?.getNodesByKey === "function") return client as Memcache;
  const verbs = [client?.gets, client?.add, client?.cas, client?.delete, client?.version];
  if (verbs.every((verb) => typeof verb === "function")) return client as MemcachedClient;
  const expected =
    'a URL that begins with "memcached://", a Memcache of the package memcache, or an object with gets, add, cas, ' +
    "delete and version";
  throw invalidOption("source", source, expected);
}

const KNOWN = { prefix: true, clock: true, timeout: true } as const;

export function checkOptions(options: MemcachedStoreOptions): MemcachedSettings {
  checkKnown(options, KNOWN);
  const { prefix = "sojourn:", timeout = 2000 } = options;
  if (typeof prefix !== "string" || !/^[\x21-\x7e]{0,100}$/.test(prefix)) {
    throw invalidOption("prefix", prefix, "visible ASCII, at most 100 characters");
  }
  if (typeof timeout !== "number" || !(timeout >= 50 && timeout <= 600_000)) {
    throw invalidOption("timeout", timeout, "milliseconds from 50 to 600000");
  }
  return { prefix, timeout, clock: clockOf(options.clock) };
}
