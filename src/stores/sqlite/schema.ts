import { SessionError } from "../../errors.ts";
import { whileBusy } from "./busy.ts";
import type { SqliteDatabase } from "./database.ts";
import { rollback } from "./database.ts";
import type { Integer } from "./row.ts";

/** The layout that this code reads and writes. */
const LAYOUT = 1;

/** The quoted names of the tables and indexes, all made from the one name that was asked for. */
export interface Names {
  readonly sessions: string;
  readonly ended: string;
  readonly epochs: string;
  readonly meta: string;
  readonly byExpiry: string;
  readonly byUser: string;
}

/** `table` has been validated: letters, digits and underscores. */
function namesOf(table: string): Names {
  const quoted = (suffix: string): string => `"${table}${suffix}"`;
  return {
    sessions: quoted(""),
    ended: quoted("_ended"),
    epochs: quoted("_epochs"),
    meta: quoted("_meta"),
    byExpiry: quoted("_by_expiry"),
    byUser: quoted("_by_user"),
  };
}

/**
 * Rowid tables, by measurement: a 300-byte insert takes half the time of WITHOUT ROWID, an update the same,
 * and at 2 KB of payload everything is two to three times as fast. Times are milliseconds since the epoch.
 */
function statements(names: Names): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${names.sessions} (
      key TEXT NOT NULL PRIMARY KEY,
      user_id TEXT,
      payload TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      seen_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      version INTEGER NOT NULL
    )`,
    `CREATE INDEX IF NOT EXISTS ${names.byExpiry} ON ${names.sessions} (expires_at)`,
    `CREATE INDEX IF NOT EXISTS ${names.byUser} ON ${names.sessions} (user_id, created_at) WHERE user_id IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${names.ended} (id INTEGER PRIMARY KEY, key TEXT NOT NULL, origin TEXT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${names.epochs} (user_id TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS ${names.meta} (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
    `INSERT INTO ${names.meta} (name, value) VALUES ('layout', ${LAYOUT}), ('epoch', 0) ON CONFLICT (name) DO NOTHING`,
  ];
}

/** The layout that the database has; 0 when it has none. The number is in a table of ours: `user_version` is the application's. */
function layoutOf(database: SqliteDatabase, table: string, names: Names): number {
  const exists = database.prepare("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = ?");
  if (!exists.get(`${table}_meta`)) return 0;
  const row = database.prepare(`SELECT value FROM ${names.meta} WHERE name = 'layout'`).get() as {
    value: Integer;
  } | null;
  return Number(row?.value ?? 0);
}

/** Makes the tables where they are missing. Two processes may do so at once: one waits for the other. */
export async function prepareSchema(database: SqliteDatabase, table: string, busyTimeout: number): Promise<Names> {
  const names = namesOf(table);
  let layout = await whileBusy(busyTimeout, () => layoutOf(database, table, names));
  if (layout === 0) {
    await whileBusy(busyTimeout, () => create(database, names));
    layout = await whileBusy(busyTimeout, () => layoutOf(database, table, names));
  }
  if (layout === LAYOUT) return names;
  throw new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `The table ${names.sessions} has layout ${layout}, this release of Sojourn reads layout ${LAYOUT}: use the release that wrote it, or another "table".`,
  );
}

function create(database: SqliteDatabase, names: Names): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const sql of statements(names)) database.exec(sql);
    database.exec("COMMIT");
  } catch (error) {
    rollback(database);
    throw error;
  }
}
