/**
 * The SQL of every statement over records and epochs that the stores in SQLite share, be they in a file, in D1 or in a
 * Durable Object. The tables are in `sqlite-schema.ts`.
 */
import { NO_KEY } from "../parts/text.ts";
import type { Names } from "./sqlite-schema.ts";

/** What is bound to a parameter. Text is given through `toText`, for two drivers cut it at NUL. */
export type SqliteValue = string | number | null;

/** The part of a prepared statement that is used; parameters are positional. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): unknown;
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}

const RECORD = "user_id, payload, created_at, seen_at, expires_at, version";
const COLUMNS = `key, ${RECORD}`;

/**
 * The statements over records, as text, for whatever runs them: a driver, D1, or the storage of a Durable Object.
 * Parameters are plain `?`: better-sqlite3 takes `?1` for a name. `now` is always a parameter, never the database's
 * clock.
 */
export interface RecordTexts {
  readonly select: string;
  readonly insert: string;
  /** Parameters: payload, seenAt twice, expiresAt twice; key, version, now, createdAt, user. */
  readonly update: string;
  /** Parameters: payload, seenAt twice, expiresAt twice, createdAt, user; key, version, now. */
  readonly updateAll: string;
  readonly touch: string;
  readonly deleteLive: string;
  readonly deleteAny: string;
  readonly deleteKeys: string;
  readonly deleteExpired: string;
  /** Finds a live session of a user. Parameters: key, user, now. */
  readonly ownedBy: string;
  /** How many live sessions a user has but one. Parameters: user, now, key. */
  readonly countOfUser: string;
  readonly keysOfUser: string;
  readonly keysOfAll: string;
  readonly listOfUser: string;
  readonly listAll: string;
  readonly epoch: string;
  readonly moveEpoch: string;
  readonly moveEverybody: string;
  /** The last instant of a revocation of the user or of everybody. Parameters: user, `EVERYBODY`. */
  readonly revokedAt: string;
  /** Parameters: user or `EVERYBODY`, instant. */
  readonly revoke: string;
}

/** Stands for everybody where a user id is expected: no user is written like this. */
export const EVERYBODY: string = NO_KEY;

/** The same, prepared by a synchronous driver. */
export type RecordStatements = { readonly [Name in keyof RecordTexts]: SqliteStatement };

/**
 * A write that was loaded before a touch takes nothing back of it: neither the use nor the deadline that came of it.
 */
const CHANGED = `payload = ?, seen_at = max(seen_at, ?),
        expires_at = CASE WHEN seen_at > ? THEN max(expires_at, ?) ELSE ? END, version = version + 1`;

/** `values` is where an insert has its row from: `VALUES (…)`, or a `SELECT … WHERE …` of as many parameters. */
export function insertText({ sessions }: Names, values: string): string {
  return `INSERT INTO ${sessions} (${COLUMNS}) ${values}
      ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, payload = excluded.payload,
        created_at = excluded.created_at, seen_at = excluded.seen_at, expires_at = excluded.expires_at,
        version = excluded.version
      WHERE expires_at <= ?`;
}

/** `values` as for `insertText`: the user and 1. */
export function moveEpochText({ epochs }: Names, values: string): string {
  return `INSERT INTO ${epochs} (user_id, epoch) ${values} ON CONFLICT (user_id) DO UPDATE SET epoch = epoch + 1`;
}

/** `values` as for `insertText`: the user and the instant. */
export function revokeText({ revoked }: Names, values: string): string {
  return `INSERT INTO ${revoked} (user_id, at) ${values} ON CONFLICT (user_id) DO UPDATE SET at = max(at, excluded.at)`;
}

export function recordTexts(names: Names): RecordTexts {
  const { sessions, epochs, revoked, meta } = names;
  return {
    select: `SELECT ${RECORD} FROM ${sessions} WHERE key = ? AND expires_at > ?`,
    insert: insertText(names, "VALUES (?, ?, ?, ?, ?, ?, ?)"),
    // Naming an indexed column in SET rewrites its index, changed or not; user_id and created_at hardly ever change.
    update: `UPDATE ${sessions} SET ${CHANGED} WHERE key = ? AND version = ? AND expires_at > ? AND created_at = ? AND user_id IS ?`,
    updateAll: `UPDATE ${sessions} SET ${CHANGED}, created_at = ?, user_id = ?
      WHERE key = ? AND version = ? AND expires_at > ?`,
    touch: `UPDATE ${sessions} SET seen_at = max(seen_at, ?), expires_at = max(expires_at, ?)
      WHERE key = ? AND expires_at > ?`,
    deleteLive: `DELETE FROM ${sessions} WHERE key = ? AND expires_at > ?`,
    deleteAny: `DELETE FROM ${sessions} WHERE key = ?`,
    deleteKeys: `DELETE FROM ${sessions} WHERE key IN (SELECT value FROM json_each(?))`,
    deleteExpired: `DELETE FROM ${sessions} WHERE rowid IN
      (SELECT rowid FROM ${sessions} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    ownedBy: `SELECT 1 AS found FROM ${sessions} WHERE key = ? AND user_id = ? AND expires_at > ?`,
    countOfUser: `SELECT count(*) AS count FROM ${sessions} WHERE user_id = ? AND expires_at > ? AND key <> ?`,
    keysOfUser: `SELECT key FROM ${sessions} WHERE user_id = ? AND expires_at > ? AND key <> ?
      ORDER BY created_at, key LIMIT ?`,
    keysOfAll: `SELECT key FROM ${sessions} WHERE expires_at > ? LIMIT ?`,
    listOfUser: `SELECT ${COLUMNS} FROM ${sessions}
      WHERE user_id = ? AND expires_at > ? AND (created_at, key) > (?, ?) ORDER BY created_at, key LIMIT ?`,
    listAll: `SELECT ${COLUMNS} FROM ${sessions} WHERE key > ? AND expires_at > ? ORDER BY key LIMIT ?`,
    epoch: `SELECT value AS everybody, (SELECT epoch FROM ${epochs} WHERE user_id = ?) AS own
      FROM ${meta} WHERE name = 'epoch'`,
    moveEpoch: moveEpochText(names, "VALUES (?, 1)"),
    moveEverybody: `UPDATE ${meta} SET value = value + 1 WHERE name = 'epoch'`,
    revokedAt: `SELECT max(at) AS at FROM ${revoked} WHERE user_id IN (?, ?)`,
    revoke: revokeText(names, "VALUES (?, ?)"),
  };
}

/** Prepares each of some texts. */
export function prepareAll<Texts extends object>(
  texts: Texts,
  prepare: (sql: string) => SqliteStatement,
): { readonly [Name in keyof Texts]: SqliteStatement } {
  const prepared = Object.entries(texts).map(([name, sql]) => [name, prepare(sql as string)]);
  return Object.fromEntries(prepared) as { readonly [Name in keyof Texts]: SqliteStatement };
}
