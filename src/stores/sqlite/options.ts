/**
 * The options of a SQLite store with their defaults and bounds, and the check of what it is opened on.
 */
import type { Clock } from "../../clock.ts";
import { checkKnown, invalidOption } from "../../errors.ts";
import { millisecondsWithin } from "../parts/bounds.ts";
import type { SqlSettings } from "../sql/options.ts";
import { sqlSettings } from "../sql/options.ts";
import { SQLITE_NAMES } from "../sql/sqlite-schema.ts";
import type { SqliteDatabase } from "./drivers.ts";

/** How a SQLite store is set up; everything has a default. */
export interface SqliteStoreOptions {
  /**
   * The name of the table, and the beginning of the names of the four tables and two indexes beside it: letters, digits
   * and underscores, at most 40. Default `"sojourn_sessions"`.
   */
  readonly table?: string | undefined;
  /** What an instant is compared with. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * `"auto"` (default) makes and upgrades the tables, on first use and again when one was dropped, safely when many
   * processes start at once. `false` when a migration does: `npx sojourn schema sqlite` prints what it runs.
   */
  readonly create?: "auto" | false | undefined;
  /**
   * What an acknowledged write survives: `"full"` (default), also a power cut (PRAGMA synchronous = FULL: one fsync
   * per transaction, shared by the writes of the same moment); `"normal"`, the end of the process but
   * not always that of the machine, and a logout may then be lost as well. Only with a path: a database
   * object keeps the settings that it has.
   */
  readonly durability?: "full" | "normal" | undefined;
  /**
   * Milliseconds for which a call waits, without stopping the event loop, while another process or an
   * open transaction of the application has the database locked; then it rejects. 0 to 60,000, default 5,000.
   */
  readonly busyTimeout?: number | undefined;
  /**
   * Milliseconds from one sweep of expired records to the next, on average; `false` for never, when something
   * else calls `deleteExpired`. 1,000 to 86,400,000, default 60,000.
   */
  readonly sweepEvery?: number | false | undefined;
  /**
   * Milliseconds from one look for sessions that other processes ended to the next, while somebody
   * watches; the longest that `watch` is late. 10 to 60,000, default 200.
   */
  readonly watchEvery?: number | undefined;
}

/** The options with every default filled in and every bound checked. */
export interface SqliteSettings extends SqlSettings {
  readonly source: string | SqliteDatabase;
  readonly durability: "full" | "normal";
  readonly busyTimeout: number;
  readonly watchEvery: number;
}

/** A path may be ":memory:", but no URL: SQLite and libsql read those in ways of their own. */
function checkSource(source: unknown): string | SqliteDatabase {
  const expected = 'a path, ":memory:", or a database of node:sqlite, better-sqlite3, libsql or bun:sqlite';
  if (typeof source === "string") {
    const url = /^[a-z][a-z0-9+.-]+:/i.test(source);
    if (source === "" || url || source.includes("\0")) throw invalidOption("source", source, expected);
    return source;
  }
  const database = source as Partial<SqliteDatabase> | null | undefined;
  const fits = typeof database?.prepare === "function" && typeof database.exec === "function";
  if (!fits) throw invalidOption("source", source, expected);
  return source as SqliteDatabase;
}

const KNOWN = {
  table: true,
  clock: true,
  create: true,
  durability: true,
  busyTimeout: true,
  sweepEvery: true,
  watchEvery: true,
} as const;

export function checkOptions(source: string | SqliteDatabase, options: SqliteStoreOptions): SqliteSettings {
  checkKnown(options, KNOWN);
  const { durability = "full" } = options;
  if (durability !== "full" && durability !== "normal")
    throw invalidOption("durability", durability, '"full" or "normal"');
  if (options.durability !== undefined && typeof source !== "string") {
    throw invalidOption("durability", durability, "nothing beside a database object: set PRAGMA synchronous on it");
  }
  return {
    ...sqlSettings(options, SQLITE_NAMES),
    source: checkSource(source),
    durability,
    busyTimeout: millisecondsWithin("busyTimeout", options.busyTimeout ?? 5000, 0, 60_000),
    watchEvery: millisecondsWithin("watchEvery", options.watchEvery ?? 200, 10, 60_000),
  };
}
