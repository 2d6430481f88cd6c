/** An item and the number that the server gave it at its last write. */
export interface MemcachedItem {
  /** UTF-8. */
  readonly value: Uint8Array | string;
  readonly cas: string;
}

/**
 * What the store needs of a client of one memcached, or of several that each have their share of the keys. Every verb
 * rejects when the server did not answer: an outage that looks like absence would log everybody out. None may be
 * sent again by itself after a failure.
 */
export interface MemcachedClient {
  /** `gets`: the item and its number; null when there is none. */
  gets(key: string): Promise<MemcachedItem | null>;
  /** `add`: true when it was stored, false when the key exists. `exptime` is memcached's own. */
  add(key: string, value: string, exptime: number): Promise<boolean>;
  /** `cas`: stores when the item still has that number. */
  cas(key: string, value: string, exptime: number, cas: string): Promise<"stored" | "exists" | "missing">;
  /** `delete`: true when there was one. */
  delete(key: string): Promise<boolean>;
  /** Asks every server something, and rejects when one does not answer. */
  version(): Promise<unknown>;
}

/** A client of which it is known which server has a key. */
export interface ClientOfServers extends MemcachedClient {
  readonly servers: number;
  serverOf(key: string): unknown;
}

/** Keys to be tried: so many that with 100 servers one would be missed once in a million years. */
const TRIES = 10_000;

/** A key for each server, of those that `make` gives; one key where nothing is known of servers. */
export function keyOnEachServer(client: MemcachedClient, make: (number: number) => string): readonly string[] {
  if (!("serverOf" in client)) return [make(0)];
  const { servers, serverOf } = client as ClientOfServers;
  const found = new Map<unknown, string>();
  for (let number = 0; found.size < servers && number < TRIES; number += 1) {
    const key = make(number);
    const server = serverOf(key);
    if (!found.has(server)) found.set(server, key);
  }
  return [...found.values()];
}

/** A client that was made here. */
export interface OwnClient extends ClientOfServers {
  close(): Promise<void>;
}
