import type { SqliteDatabase, SqliteStatement } from "./database.ts";
import type { Names } from "./schema.ts";

/** Every statement of the store, prepared once per connection. */
export interface Statements {
  readonly begin: SqliteStatement;
  readonly commit: SqliteStatement;
  readonly select: SqliteStatement;
  readonly insert: SqliteStatement;
  readonly update: SqliteStatement;
  readonly updateAll: SqliteStatement;
  readonly touch: SqliteStatement;
  readonly deleteLive: SqliteStatement;
  readonly deleteAny: SqliteStatement;
  readonly deleteKeys: SqliteStatement;
  readonly deleteExpired: SqliteStatement;
  readonly countOfUser: SqliteStatement;
  readonly keysOfUser: SqliteStatement;
  readonly keysOfAll: SqliteStatement;
  readonly listOfUser: SqliteStatement;
  readonly listAll: SqliteStatement;
  readonly epoch: SqliteStatement;
  readonly moveEpoch: SqliteStatement;
  readonly moveEverybody: SqliteStatement;
  readonly logEnded: SqliteStatement;
  readonly trimEnded: SqliteStatement;
  readonly lastEnded: SqliteStatement;
  readonly endedSince: SqliteStatement;
}

const RECORD = "user_id, payload, created_at, seen_at, expires_at, version";
const COLUMNS = `key, ${RECORD}`;

/**
 * How many ended keys the log keeps for other processes to read: far more than end between two of their polls.
 * Counted, not timed, so that it is bounded whatever the clock does; the newest row always stays, so ids never repeat.
 */
const ENDED_KEPT = 10_000;

/** Parameters are plain `?`: better-sqlite3 takes `?1` for a name. `now` is always a parameter, never the database's clock. */
export function prepareStatements(database: SqliteDatabase, names: Names): Statements {
  const { sessions, ended, epochs, meta } = names;
  const prepare = (sql: string): SqliteStatement => database.prepare(sql);
  return {
    begin: prepare("BEGIN IMMEDIATE"),
    commit: prepare("COMMIT"),
    select: prepare(`SELECT ${RECORD} FROM ${sessions} WHERE key = ? AND expires_at > ?`),
    insert: prepare(`INSERT INTO ${sessions} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, payload = excluded.payload,
        created_at = excluded.created_at, seen_at = excluded.seen_at, expires_at = excluded.expires_at,
        version = excluded.version
      WHERE expires_at <= ?`),
    // Naming an indexed column in SET rewrites its index, changed or not; user_id and created_at hardly ever change.
    update: prepare(`UPDATE ${sessions} SET payload = ?, seen_at = ?, expires_at = ?, version = version + 1
      WHERE key = ? AND version = ? AND expires_at > ? AND created_at = ? AND user_id IS ?`),
    updateAll: prepare(`UPDATE ${sessions} SET payload = ?, seen_at = ?, expires_at = ?, version = version + 1,
        created_at = ?, user_id = ?
      WHERE key = ? AND version = ? AND expires_at > ?`),
    touch: prepare(`UPDATE ${sessions} SET seen_at = max(seen_at, ?), expires_at = max(expires_at, ?)
      WHERE key = ? AND expires_at > ?`),
    deleteLive: prepare(`DELETE FROM ${sessions} WHERE key = ? AND expires_at > ?`),
    deleteAny: prepare(`DELETE FROM ${sessions} WHERE key = ?`),
    deleteKeys: prepare(`DELETE FROM ${sessions} WHERE key IN (SELECT value FROM json_each(?))`),
    deleteExpired: prepare(`DELETE FROM ${sessions} WHERE rowid IN
      (SELECT rowid FROM ${sessions} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`),
    countOfUser: prepare(`SELECT count(*) AS count FROM ${sessions} WHERE user_id = ? AND expires_at > ?`),
    keysOfUser: prepare(`SELECT key FROM ${sessions} WHERE user_id = ? AND expires_at > ? AND key <> ?
      ORDER BY created_at, key LIMIT ?`),
    keysOfAll: prepare(`SELECT key FROM ${sessions} WHERE expires_at > ? LIMIT ?`),
    listOfUser: prepare(`SELECT ${COLUMNS} FROM ${sessions}
      WHERE user_id = ? AND expires_at > ? AND (created_at, key) > (?, ?) ORDER BY created_at, key LIMIT ?`),
    listAll: prepare(`SELECT ${COLUMNS} FROM ${sessions} WHERE key > ? AND expires_at > ? ORDER BY key LIMIT ?`),
    epoch: prepare(`SELECT value AS everybody, (SELECT epoch FROM ${epochs} WHERE user_id = ?) AS own
      FROM ${meta} WHERE name = 'epoch'`),
    moveEpoch: prepare(`INSERT INTO ${epochs} (user_id, epoch) VALUES (?, 1)
      ON CONFLICT (user_id) DO UPDATE SET epoch = epoch + 1`),
    moveEverybody: prepare(`UPDATE ${meta} SET value = value + 1 WHERE name = 'epoch'`),
    logEnded: prepare(`INSERT INTO ${ended} (key, origin) SELECT value, ? FROM json_each(?)`),
    trimEnded: prepare(`DELETE FROM ${ended} WHERE id <= (SELECT max(id) FROM ${ended}) - ${ENDED_KEPT}`),
    lastEnded: prepare(`SELECT max(id) AS last FROM ${ended}`),
    endedSince: prepare(`SELECT id, key, origin FROM ${ended} WHERE id > ? ORDER BY id LIMIT ?`),
  };
}
