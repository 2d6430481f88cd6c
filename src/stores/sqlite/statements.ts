/**
 * The prepared statements of one connection: those that all SQLite stores share, for records, and this one's own for
 * transactions and the log of ended sessions.
 */
import type { Names } from "../sql/sqlite-schema.ts";
import type { RecordStatements, SqliteStatement } from "../sql/sqlite-statements.ts";
import { prepareAll, recordTexts } from "../sql/sqlite-statements.ts";
import type { SqliteDatabase } from "./drivers.ts";

/** Every statement of the store, prepared once per connection. */
export interface Statements extends RecordStatements {
  readonly begin: SqliteStatement;
  readonly commit: SqliteStatement;
  readonly logEnded: SqliteStatement;
  readonly trimEnded: SqliteStatement;
  readonly lastEnded: SqliteStatement;
  readonly endedSince: SqliteStatement;
}

/**
 * How many ended keys the log keeps for other processes to read: far more than end between two of their polls.
 * Counted, not timed, so that it is bounded whatever the clock does; the newest row always stays, so ids never repeat.
 */
const ENDED_KEPT = 10_000;

export function prepareStatements(database: SqliteDatabase, names: Names): Statements {
  const { ended } = names;
  const texts = {
    ...recordTexts(names),
    begin: "BEGIN IMMEDIATE",
    commit: "COMMIT",
    logEnded: `INSERT INTO ${ended} (key, origin) SELECT value, ? FROM json_each(?)`,
    trimEnded: `DELETE FROM ${ended} WHERE id <= (SELECT max(id) FROM ${ended}) - ${ENDED_KEPT}`,
    lastEnded: `SELECT max(id) AS last FROM ${ended}`,
    endedSince: `SELECT id, key, origin FROM ${ended} WHERE id > ? ORDER BY id LIMIT ?`,
  };
  return prepareAll(texts, (sql) => database.prepare(sql));
}
