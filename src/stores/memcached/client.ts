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

/** A client that was made here. */
export interface OwnClient extends MemcachedClient {
  close(): Promise<void>;
}
