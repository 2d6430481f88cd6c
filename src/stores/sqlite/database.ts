/**
 * What concerns the database as a whole and none of its tables: opening and closing a file, its PRAGMAs, and the
 * rollback.
 */
import { constants, statSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { setImmediate } from "../parts/timers.ts";
import { findDriver, type SqliteDatabase } from "./drivers.ts";

/** A file that was opened by its path. */
export interface OpenFile {
  readonly database: SqliteDatabase;
  /** Whether the path still leads to the file that is open. */
  isInPlace(): boolean;
  /**
   * Closes it. Nothing may hold on to a statement of it: those of libsql keep the file open until they have been
   * collected, which is done here, so that whoever deletes or moves the file next finds it let go of.
   */
  close(): Promise<void>;
}

/**
 * Opens a file with the first driver that is here. A new folder or file can be read by its owner only; SQLite
 * gives the log files beside it the same mode.
 */
export async function openFile(path: string): Promise<OpenFile> {
  const { name, Database } = await findDriver();
  const inMemory = path === ":memory:";
  if (!inMemory) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    await file.close();
  }
  const database = new Database(path);
  const place = inMemory ? undefined : placeOf(path);
  return {
    database,
    isInPlace: () => inMemory || placeOf(path) === place,
    close: async () => {
      database.close();
      if (name === "libsql") await collectStatements();
    },
  };
}

/** Names the file that a path leads to, for as long as it is open; undefined for none. */
function placeOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/**
 * In a turn of its own: what has just run may still hold on to a statement. What was collected lets go a turn later.
 */
async function collectStatements(): Promise<void> {
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(() => resolve()));
  await turn();
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  await turn();
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
 * cache (16 MiB) holds the upper levels of the indexes of some ten million sessions. Those are on pages all over the
 * file, so a checkpoint of 1,000 pages, the default, is as many writes in a row, for which the event loop stands still;
 * the same work in smaller pieces shortens the longest waits to a third.
 */
export function configure(database: SqliteDatabase, durability: "full" | "normal"): void {
  const wal = ["journal_mode = WAL", `synchronous = ${durability}`, "wal_autocheckpoint = 100"];
  const pragmas = ["busy_timeout = 0", ...wal, "cache_size = -16384"];
  // Not prepared: some give a row and some do not, and better-sqlite3 wants to be asked accordingly.
  for (const pragma of pragmas) set(database, `PRAGMA ${pragma}`);
}

function set(database: SqliteDatabase, pragma: string): void {
  try {
    database.exec(pragma);
  } catch (error) {
    // libsql 0.3 has done it then, and complains of the row.
    if (!/execute returned rows/i.test(String(error))) throw error;
  }
}
