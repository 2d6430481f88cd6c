/**
 * The contract between Sojourn and a place where records live.
 *
 * Rules that every store keeps (the published contract suite, `sojourn/testing`, checks them):
 * - Absence is a value, never an exception. An exception means that the backend failed, and nothing else.
 * - Unknown, expired and deleted records look alike. A record is absent from the instant `expiresAt` on,
 *   even when nothing has collected it.
 * - Only `create` and `admit` insert. Nothing else can bring a record back.
 * - Every verb is atomic against every other verb on the same key, from any process that shares the backend.
 * - `seenAt` never moves back, whichever verb writes it. When a write brings an earlier `seenAt` than the record has (a
 *   touch came between), the later `seenAt` stays, and so does the later of the two `expiresAt`.
 * - Any string may come as a key, a user id or a cursor: what was made up finds nothing and never throws.
 * - Times are instants, compared with the clock that the store was given, never local times.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../record.ts";

/** What a compare-and-set did. `conflict` carries the winner, so that a retry needs no second read. */
export type UpdateResult =
  | { readonly status: "ok"; readonly version: Version }
  | { readonly status: "conflict"; readonly current: StoredRecord }
  | { readonly status: "gone" };

/**
 * What the store promises under concurrency: `cas` is compare-and-set, the full guarantees;
 * `insert-update` tells insert from update but cannot compare, so parallel writes can be lost;
 * `none` can do neither.
 */
export type Consistency = "cas" | "insert-update" | "none";

/** The five verbs that every store has. Each is one round trip. */
export interface Store {
  /** For messages, events and `health`: "memory", "sqlite", "redis"… */
  readonly name: string;
  readonly consistency: Consistency;

  /** The record and its version, or null when it is unknown, expired or deleted. */
  get(key: SessionKey): Promise<StoredRecord | null>;

  /** Inserts; null when a live record has the key already, which is left as it is. */
  create(key: SessionKey, record: SessionRecord): Promise<Version | null>;

  /**
   * Compare-and-set of the whole record. Never inserts: a missing or expired record is `gone`,
   * another version is `conflict`. `seenAt` never moves back (see the rules above).
   */
  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult>;

  /**
   * Moves `seenAt` and `expiresAt` forward, never back, on a live record; false when there is none.
   * Leaves the version alone, so that a touch never makes a write conflict.
   */
  touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean>;

  /** Removes the record; true when a live one was there. Idempotent. */
  delete(key: SessionKey): Promise<boolean>;
}

/** One page of a listing. `cursor` is absent on the last page, opaque otherwise. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string | undefined;
}

/** Where to start, and how many items at most (1 to 1,000; default 100). */
export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** A record with its key, as listings give it. */
export interface Entry {
  readonly key: SessionKey;
  readonly record: StoredRecord;
}

/** Counts the revocations of a user and of everybody; opaque, compared for equality only. */
export type Epoch = string;

/** What `admit` checks in the same atomic step as the insert. */
export interface Admission {
  /** From `epoch`, read when the login began. When it has moved, the login was revoked meanwhile. */
  readonly epoch: Epoch;
  /**
   * When the login's request arrived, in milliseconds (fractions included) of the application's clock. When the user,
   * or everybody, was revoked `at` a later instant, the login is `revoked`, whatever the epoch says: a pool of
   * connections may have read the epoch after the revocation. Equal instants are left to the epoch. Absent: only the
   * epoch counts.
   */
  readonly since?: number | undefined;
  /** The most live sessions that the user may have after this one is in; unlimited when absent. */
  readonly limit?: number | undefined;
  /** At the limit: end those with the oldest `createdAt`, or refuse the new one. */
  readonly onLimit?: "evict-oldest" | "reject" | undefined;
}

/** What `admit` did: stored it, or why not. */
export type AdmitResult =
  | { readonly status: "ok"; readonly version: Version; readonly evicted: readonly SessionKey[] }
  | { readonly status: "exists" }
  | { readonly status: "revoked" }
  | { readonly status: "limit" };

/** A store that can answer for a user. */
export interface UserStore extends Store {
  /** The present epoch of a user (`deleteAll` moves it, and so does `clear`). */
  epoch(userId: string): Promise<Epoch>;
  /** `create` for a logged-in session, exact against a concurrent `deleteAll`, `clear` and limit. */
  admit(
    key: SessionKey,
    record: SessionRecord & { readonly userId: string },
    admission: Admission,
  ): Promise<AdmitResult>;
  /** The live sessions of a user, oldest `createdAt` first, ties by key. */
  list(userId: string, page?: PageRequest): Promise<Page<Entry>>;
  /**
   * Ends a user's sessions but `except`, at most `limit` of them (default 1,000), and moves the
   * user's epoch. Answers with the keys that it ended; fewer than `limit` means that none is left.
   *
   * With `except`, the same step checks that it is a live session of this user; when it is not, nothing is ended, the
   * epoch stays, and the answer is null. So of two sessions that each end all others at once, exactly one is left.
   */
  deleteAll(userId: string, options?: DeleteAllOptions): Promise<readonly SessionKey[] | null>;
}

/** For `deleteAll`. */
export interface DeleteAllOptions {
  /** The session that stays. Default: none. */
  readonly except?: SessionKey | undefined;
  /** How many sessions one call ends at most. Default 1,000. */
  readonly limit?: number | undefined;
  /**
   * The instant of the revocation, in milliseconds of the application's clock: logins whose request arrived before it
   * are `revoked` (see `Admission.since`). It is kept for a day at least, and never moves back. Default: now, by the
   * store's clock.
   */
  readonly at?: number | undefined;
}

/** The record that `replace` puts another one in the place of. */
export interface Replaced {
  readonly key: SessionKey;
  readonly version: Version;
  /** What is left at the old key: the record of a tombstone, without a user. */
  readonly record: SessionRecord;
}

/** What `replace` did: both writes, or nothing and why. */
export type ReplaceResult =
  | AdmitResult
  /** The old record has another version; here it is. */
  | { readonly status: "conflict"; readonly current: StoredRecord }
  /** The old record is not there. */
  | { readonly status: "gone" };

/** A store that can put one record in the place of another in one step. */
export interface ReplaceStore extends UserStore {
  /**
   * In one atomic step: inserts `record` at `key`, and writes `old.record` at `old.key`, which must be live and at
   * `old.version`. The old record no longer counts for its user, and its end is told to `watch`. With an `admission`
   * the insert is subject to it as in `admit` (the old record does not count for the limit); without, to nothing. When
   * the answer is anything but `ok`, nothing has changed. The old record is judged first.
   */
  replace(
    key: SessionKey,
    record: SessionRecord,
    old: Replaced,
    admission?: Admission | undefined,
  ): Promise<ReplaceResult>;
}

/** A store that can put a tombstone in a session's place and tell those who watch. */
export interface EndStore extends Store {
  /** `update`, and the end of `key` is told to `watch`, in whatever process. Never inserts. */
  end(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult>;
}

/** A store that can be walked through from end to end. */
export interface ScanStore extends Store {
  /** Live records in an order that stays the same while others come and go; each at most once. */
  scan(page?: PageRequest): Promise<Page<Entry>>;
  /**
   * Ends every session, at most `limit` (default 1,000) a call, and moves everybody's epoch. Answers with the keys.
   * `at` is the instant of the revocation, as for `deleteAll`.
   */
  clear(options?: Omit<DeleteAllOptions, "except">): Promise<readonly SessionKey[]>;
}

/** A store whose backend does not drop expired records by itself. */
export interface SweepStore extends Store {
  /** Removes records that expired, at most `limit` (default 1,000) a call, and says how many. */
  deleteExpired(options?: { readonly limit?: number | undefined }): Promise<number>;
}

/** A store that tells when a session ended, in whatever process that was. Best effort, at most once each. */
export interface WatchStore extends Store {
  /**
   * Calls back with the keys that `delete`, `deleteAll`, `clear`, `replace`, `end` or an eviction ended. Returns a
   * function that stops it.
   */
  watch(onEnded: (key: SessionKey) => void): () => void;
}

/** A store that holds files, sockets or timers. */
export interface ClosableStore extends Store {
  /** Waits for what was acknowledged to be safe, then lets go. A closed store rejects every verb. */
  close(): Promise<void>;
}

/** A store that can say how it is. */
export interface HealthStore extends Store {
  /**
   * Does what a request does: writes a record of its own, reads it and deletes it. Resolves with the time it took,
   * rejects when any of that fails: a standby, a full disk or a missing table is not healthy.
   */
  health(): Promise<{ readonly latencyMs: number }>;
}

export function isUserStore(store: Store): store is UserStore {
  return "deleteAll" in store && "admit" in store;
}
export function isReplaceStore(store: Store): store is ReplaceStore {
  return "replace" in store && typeof store.replace === "function";
}
export function isEndStore(store: Store): store is EndStore {
  return "end" in store && typeof store.end === "function";
}
export function isScanStore(store: Store): store is ScanStore {
  return "scan" in store && "clear" in store;
}
export function isSweepStore(store: Store): store is SweepStore {
  return "deleteExpired" in store;
}
export function isWatchStore(store: Store): store is WatchStore {
  return "watch" in store;
}
export function isClosableStore(store: Store): store is ClosableStore {
  return "close" in store;
}
export function isHealthStore(store: Store): store is HealthStore {
  return "health" in store;
}
