/**
 * The record: what a store holds for one session.
 */

/**
 * Where a record is found: base64url of the SHA-256 of the token's id, 43 characters. It is also
 * the public session id: safe to log, to list and to revoke by, and useless as a credential.
 */
export type SessionKey = string;

/** Changes with every write but a touch; compared for equality only. */
export type Version = string | number;

/** What a store keeps. All times are milliseconds since the epoch, of the application's clock. */
export interface SessionRecord {
  /** Opaque to the store: kept and given back character for character. ASCII when encrypted at rest, else any text. */
  readonly payload: string;
  /** The logged-in user; undefined for an anonymous session. The only field a store indexes by. */
  readonly userId?: string | undefined;
  readonly createdAt: number;
  /** The last use that was written down; moved by `touch`. */
  readonly seenAt: number;
  /** The earlier of the idle and the absolute deadline. From this instant on the record is absent. */
  readonly expiresAt: number;
}

/** A record as it was read, with the version that a compare-and-set must present. */
export interface StoredRecord extends SessionRecord {
  readonly version: Version;
}
