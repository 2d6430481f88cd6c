import type { Names } from "./schema.ts";

/**
 * Every statement of the store: what MySQL 8 and MariaDB 10.6 both understand, so no RETURNING, no row alias in INSERT
 * and no FOR SHARE. `now` is always a parameter, never the database's clock.
 */
export interface Statements {
  readonly get: string;
  readonly insert: string;
  readonly replaceExpired: string;
  readonly update: string;
  readonly touch: string;
  readonly times: string;
  readonly deleteLive: string;
  readonly deleteExpiredKey: string;
  readonly list: string;
  readonly scan: string;
  readonly deleteExpired: string;
  readonly deleteUnusedEpochs: string;
  readonly epoch: string;
  readonly useEpoch: string;
  readonly moveEpoch: string;
  readonly shareEverybody: string;
  readonly shareEpochs: string;
  readonly holdEpoch: string;
  readonly moveEverybody: string;
  readonly stateOfUser: string;
  readonly keysOfUser: string;
  readonly keysOfAll: string;
  /** So many keys each, those of a user or of anybody, held until the end of the transaction. */
  readonly holdKeys: (count: number, ofUser: boolean) => string;
  readonly deleteKeys: (count: number) => string;
  readonly health: string;
}

const RECORD = "payload, user_id, created_at, seen_at, expires_at, version";
const WRITTEN = "user_id, payload, created_at, seen_at, expires_at";

const places = (count: number): string => Array.from({ length: count }, () => "?").join(", ");
const set = WRITTEN.split(", ")
  .map((column) => `${column} = ?`)
  .join(", ");

function records({ sessions }: Names) {
  return {
    get: `SELECT ${RECORD} FROM ${sessions} WHERE session_key = ? AND expires_at > ?`,
    insert: `INSERT INTO ${sessions} (${WRITTEN}, version, session_key) VALUES (${places(7)})`,
    replaceExpired: `UPDATE ${sessions} SET ${set}, version = ? WHERE session_key = ? AND expires_at <= ?`,
    update: `UPDATE ${sessions} SET ${set}, version = version + 1 WHERE session_key = ? AND version = ? AND expires_at > ?`,
    touch: `UPDATE ${sessions} SET seen_at = GREATEST(seen_at, ?), expires_at = GREATEST(expires_at, ?)
      WHERE session_key = ? AND expires_at > ?`,
    times: `SELECT seen_at, expires_at FROM ${sessions} WHERE session_key = ? AND expires_at > ?`,
    deleteLive: `DELETE FROM ${sessions} WHERE session_key = ? AND expires_at > ?`,
    deleteExpiredKey: `DELETE FROM ${sessions} WHERE session_key = ? AND expires_at <= ?`,
    // The first comparison is for the index: a choice of two is not seen as a range.
    list: `SELECT session_key, ${RECORD} FROM ${sessions} WHERE user_id = ? AND created_at >= ?
      AND (created_at > ? OR session_key > ?) AND expires_at > ? ORDER BY created_at, session_key LIMIT ?`,
    scan: `SELECT session_key, ${RECORD} FROM ${sessions} WHERE session_key > ? AND expires_at > ?
      ORDER BY session_key LIMIT ?`,
    deleteExpired: `DELETE FROM ${sessions} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`,
  };
}

function users({ sessions, epochs, meta }: Names) {
  const both = `SELECT m.value AS everybody, e.epoch AS own, e.used_at AS used FROM ${meta} AS m
      LEFT JOIN ${epochs} AS e ON e.user_id = ? WHERE m.name = 'epoch'`;
  const upsert = `INSERT INTO ${epochs} (user_id, epoch, used_at) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE
      used_at = GREATEST(used_at, ?)`;
  return {
    epoch: both,
    useEpoch: upsert,
    moveEpoch: `${upsert}, epoch = epoch + 1`,
    deleteUnusedEpochs: `DELETE FROM ${epochs} WHERE used_at <= ? ORDER BY used_at LIMIT ?`,
    shareEverybody: `SELECT value AS everybody FROM ${meta} WHERE name = 'epoch' LOCK IN SHARE MODE`,
    shareEpochs: `SELECT m.value AS everybody, e.epoch AS own FROM ${meta} AS m JOIN ${epochs} AS e
      WHERE m.name = 'epoch' AND e.user_id = ? LOCK IN SHARE MODE`,
    holdEpoch: `SELECT epoch AS own FROM ${epochs} WHERE user_id = ? FOR UPDATE`,
    moveEverybody: `UPDATE ${meta} SET value = value + 1 WHERE name = 'epoch'`,
    stateOfUser: `SELECT COUNT(*) AS live, (SELECT COUNT(*) FROM ${sessions} WHERE session_key = ? AND expires_at > ?) AS taken
      FROM ${sessions} WHERE user_id = ? AND expires_at > ?`,
    keysOfUser: `SELECT session_key FROM ${sessions} WHERE user_id = ? AND expires_at > ? AND session_key <> ?
      ORDER BY created_at, session_key LIMIT ?`,
    keysOfAll: `SELECT session_key FROM ${sessions} WHERE session_key > '' AND expires_at > ? ORDER BY session_key LIMIT ?`,
  };
}

export function statementsFor(names: Names): Statements {
  const { sessions, meta } = names;
  return {
    ...records(names),
    ...users(names),
    // By the primary key, in its order, as every other write meets the rows: so two never wait for each other in turn.
    holdKeys: (count, ofUser) => `SELECT session_key FROM ${sessions} FORCE INDEX (PRIMARY)
      WHERE session_key IN (${places(count)}) AND expires_at > ?${ofUser ? " AND user_id = ?" : ""} ORDER BY session_key FOR UPDATE`,
    deleteKeys: (count) => `DELETE FROM ${sessions} WHERE session_key IN (${places(count)})`,
    health: `SELECT value FROM ${meta} WHERE name = 'epoch'`,
  };
}
