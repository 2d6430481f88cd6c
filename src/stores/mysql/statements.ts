/**
 * The SQL of every statement over sessions, epochs and the log of ends. The statements that make the tables are in
 * `schema.ts`.
 */
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
  readonly admit: string;
  readonly holdSpared: string;
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
  readonly logEnded: string;
  readonly trimEnded: string;
  readonly endedSince: string;
  readonly lastEnded: string;
}

/** Seconds that an end stays in the log; whoever watches reads it many times in between. */
const KEEP_ENDED = 60;

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
    // The server sets columns one after the other: `expires_at` compares with the `seen_at` of before.
    update: `UPDATE ${sessions} SET user_id = ?, payload = ?, created_at = ?,
      expires_at = IF(? < seen_at, GREATEST(expires_at, ?), ?), seen_at = GREATEST(seen_at, ?), version = version + 1
      WHERE session_key = ? AND version = ? AND expires_at > ?`,
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

/** Before every instant, for what was never revoked. */
const NEVER = "-9e15";

function users({ sessions, epochs, meta }: Names) {
  const both = `SELECT m.value AS everybody, e.epoch AS own, e.used_at AS used FROM ${meta} AS m
      LEFT JOIN ${epochs} AS e ON e.user_id = ? WHERE m.name = 'epoch'`;
  const upsert = `INSERT INTO ${epochs} (user_id, epoch, used_at, revoked_at) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE
      used_at = GREATEST(used_at, ?)`;
  const later = "revoked_at = GREATEST(COALESCE(revoked_at, ?), ?)";
  const revoked = (row: string): string => `COALESCE(${row}.revoked_at, ${NEVER})`;
  return {
    epoch: both,
    useEpoch: upsert,
    moveEpoch: `${upsert}, epoch = epoch + 1, ${later}`,
    deleteUnusedEpochs: `DELETE FROM ${epochs} WHERE used_at <= ? ORDER BY used_at LIMIT ?`,
    shareEverybody: `SELECT value AS everybody, ${revoked("m")} AS revoked FROM ${meta} AS m WHERE name = 'epoch' LOCK IN SHARE MODE`,
    shareEpochs: `SELECT m.value AS everybody, e.epoch AS own, GREATEST(${revoked("m")}, ${revoked("e")}) AS revoked
      FROM ${meta} AS m JOIN ${epochs} AS e WHERE m.name = 'epoch' AND e.user_id = ? LOCK IN SHARE MODE`,
    holdEpoch: `SELECT epoch AS own, ${revoked("e")} AS revoked FROM ${epochs} AS e WHERE user_id = ? FOR UPDATE`,
    moveEverybody: `UPDATE ${meta} SET value = value + 1, ${later} WHERE name = 'epoch'`,
    // A transaction by itself: it shares both epochs until its end, and no client that stops in the middle can hold
    // them.
    admit: `INSERT INTO ${sessions} (${WRITTEN}, version, session_key) SELECT ${places(7)}
      FROM ${meta} AS m JOIN ${epochs} AS e WHERE m.name = 'epoch' AND e.user_id = ? AND m.value = ? AND e.epoch = ?
      AND ? >= GREATEST(${revoked("m")}, ${revoked("e")}) LOCK IN SHARE MODE`,
    stateOfUser: `SELECT COUNT(*) AS live, (SELECT COUNT(*) FROM ${sessions} WHERE session_key = ? AND expires_at > ?) AS taken
      FROM ${sessions} WHERE user_id = ? AND expires_at > ?`,
    holdSpared: `SELECT session_key FROM ${sessions} WHERE session_key = ? AND user_id = ? AND expires_at > ? FOR UPDATE`,
    keysOfUser: `SELECT session_key FROM ${sessions} WHERE user_id = ? AND expires_at > ? AND session_key <> ?
      ORDER BY created_at, session_key LIMIT ?`,
    keysOfAll: `SELECT session_key FROM ${sessions} WHERE session_key > '' AND expires_at > ? ORDER BY session_key LIMIT ?`,
  };
}

function ends({ ended }: Names) {
  return {
    logEnded: `INSERT INTO ${ended} (session_key, origin, ended_at) SELECT t.session_key, ?, UNIX_TIMESTAMP()
      FROM JSON_TABLE(?, '$[*]' COLUMNS (session_key varchar(255) PATH '$')) AS t`,
    trimEnded: `DELETE FROM ${ended} WHERE ended_at < UNIX_TIMESTAMP() - ${KEEP_ENDED} ORDER BY ended_at LIMIT 1000`,
    endedSince: `SELECT id, session_key, origin FROM ${ended} WHERE id > ? ORDER BY id LIMIT 1000`,
    lastEnded: `SELECT MAX(id) AS last FROM ${ended}`,
  };
}

export function statementsFor(names: Names): Statements {
  const { sessions } = names;
  return {
    ...records(names),
    ...users(names),
    ...ends(names),
    // By the primary key, in its order, as every other write meets the rows: so two never wait for each other in turn.
    holdKeys: (count, ofUser) => `SELECT session_key FROM ${sessions} FORCE INDEX (PRIMARY)
      WHERE session_key IN (${places(count)}) AND expires_at > ?${ofUser ? " AND user_id = ?" : ""} ORDER BY session_key FOR UPDATE`,
    deleteKeys: (count) => `DELETE FROM ${sessions} WHERE session_key IN (${places(count)})`,
  };
}
