import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { SessionError } from "../../errors.ts";
import type { SqliteStatement, SqliteValue } from "../sql/sqlite-statements.ts";

export type { SqliteStatement, SqliteValue };

/**
 * The part of a synchronous SQLite driver that is used. `DatabaseSync` of node:sqlite, better-sqlite3,
 * libsql and `Database` of bun:sqlite have it as they are.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

type Constructor = new (path: string) => SqliteDatabase;

/** Finds a driver; undefined when it is not installed here, a string when it is but cannot be used. */
interface Driver {
  readonly name: string;
  find(): Promise<Constructor | string | undefined>;
}

/** The specifier is a variable, so that neither compilers nor bundlers ask for a driver that is not installed. */
async function load(specifier: string, pick: (module: Record<string, unknown>) => unknown): ReturnType<Driver["find"]> {
  try {
    return pick((await import(specifier)) as Record<string, unknown>) as Constructor | undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    const absent =
      code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || code === "ERR_UNKNOWN_BUILTIN_MODULE";
    return absent ? undefined : `${specifier} is installed but did not load: ${String(error)}`;
  }
}

const oldNode = (): boolean => process.versions.bun === undefined && Number.parseInt(process.versions.node, 10) < 22;

/** better-sqlite3 13 has no build for Node 20: it installs there, and the process dies when a database is opened. */
function wouldCrash(): boolean {
  if (!oldNode()) return false;
  try {
    const found = createRequire(import.meta.url)("better-sqlite3/package.json") as { version: string };
    return Number.parseInt(found.version, 10) >= 13;
  } catch {
    return false;
  }
}

const nodeSqlite: Driver = {
  name: "node:sqlite",
  // Not imported: where it is missing (Node 20) an import would be an error that no bundler forgives.
  find: async () => {
    const builtin = process.getBuiltinModule?.("node:sqlite" as "node:fs") as unknown;
    return (builtin as { DatabaseSync?: Constructor } | undefined)?.DatabaseSync;
  },
};

const bunSqlite: Driver = {
  name: "bun:sqlite",
  find: async () => (process.versions.bun === undefined ? undefined : load("bun:sqlite", (module) => module.Database)),
};

const betterSqlite3: Driver = {
  name: "better-sqlite3",
  find: async () =>
    wouldCrash()
      ? "better-sqlite3 13 needs Node 22 or newer, install better-sqlite3@12 or libsql"
      : load("better-sqlite3", (module) => module.default),
};

const libsql: Driver = { name: "libsql", find: () => load("libsql", (module) => module.default) };

const drivers: readonly Driver[] = [nodeSqlite, bunSqlite, betterSqlite3, libsql];

async function findDriver(): Promise<Constructor> {
  const unusable: string[] = [];
  for (const driver of drivers) {
    const found = await driver.find();
    if (typeof found === "function") return found;
    if (found !== undefined) unusable.push(found);
  }
  throw new SessionError(
    "SOJOURN_INVALID_OPTION",
    `Option "source": a path needs a SQLite driver, found none of ${drivers.map((each) => each.name).join(", ")}. ` +
      "Use Node 22.13 or newer or Bun, or `npm install libsql` or `npm install better-sqlite3`, or pass a database object." +
      unusable.map((why) => ` (${why}.)`).join(""),
  );
}

/**
 * Opens a file with the first driver that is here. A new folder or file can be read by its owner only; SQLite
 * gives the log files beside it the same mode.
 */
export async function openDatabase(path: string): Promise<SqliteDatabase> {
  const Database = await findDriver();
  if (path !== ":memory:") {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    await file.close();
  }
  return new Database(path);
}

/** Ends a transaction that was begun here and failed. */
export function rollback(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has done it already: disk full, I/O error, out of memory.
  }
}

/**
 * WAL, so that readers and the writer do not stand in each other's way, and no waiting inside of SQLite. The
 * cache (16 MiB) holds the upper levels of the indexes of some ten million sessions. Those are on pages all over the file, so a checkpoint of
 * 1,000 pages, the default, is as many writes in a row, for which the event loop stands still; the same work in smaller pieces
 * shortens the longest waits to a third.
 */
export function configure(database: SqliteDatabase, durability: "full" | "normal"): void {
  const wal = ["journal_mode = WAL", `synchronous = ${durability}`, "wal_autocheckpoint = 100"];
  const pragmas = ["busy_timeout = 0", ...wal, "cache_size = -16384"];
  for (const pragma of pragmas) database.prepare(`PRAGMA ${pragma}`).all();
}
