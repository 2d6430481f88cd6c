import { SessionError } from "../../errors.ts";
import type { Integer } from "../sql/sqlite-row.ts";
import type { Names } from "../sql/sqlite-schema.ts";
import { LAYOUT, namesOf, tableStatements } from "../sql/sqlite-schema.ts";
import { whileBusy } from "./busy.ts";
import type { SqliteDatabase } from "./database.ts";
import { rollback } from "./database.ts";

function statements(names: Names): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${names.ended} (id INTEGER PRIMARY KEY, key TEXT NOT NULL, origin TEXT NOT NULL)`,
    ...tableStatements(names),
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

/**
 * Makes the tables where they are missing. Of processes that do so at once one wins, and may write from then on without a
 * pause: the others look again before each try, since reading waits for nobody and its lock may not be had for long.
 */
export async function prepareSchema(database: SqliteDatabase, table: string, busyTimeout: number): Promise<Names> {
  const names = namesOf(table);
  const layout = await whileBusy(busyTimeout, () => {
    const found = layoutOf(database, table, names);
    if (found !== 0) return found;
    create(database, names);
    return layoutOf(database, table, names);
  });
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
