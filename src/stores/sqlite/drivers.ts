/**
 * The synchronous SQLite drivers: the part of them that the store uses, and the search for one that works here when
 * the store was given a path.
 */
import { dirname, join } from "node:path";
import { SessionError } from "../../errors.ts";
import type { SqliteStatement } from "../sql/sqlite-statements.ts";

/**
 * The part of a synchronous SQLite driver that is used. `DatabaseSync` of node:sqlite, better-sqlite3,
 * libsql and `Database` of bun:sqlite have it as they are.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export interface Driver {
  readonly name: string;
  readonly Database: new (path: string) => SqliteDatabase;
}

type Constructor = Driver["Database"];

/** Finds a driver: undefined when it is not installed here, a string when it is but cannot be used. */
type Find = () => Promise<Constructor | string | undefined>;

/** Why it did not load; undefined when it is not there. */
function failure(name: string, error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  const absent =
    code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || code === "ERR_UNKNOWN_BUILTIN_MODULE";
  return absent ? undefined : `${name} is installed but did not load: ${String(error)}`;
}

/** Opens a database in memory: only then a driver loads its native part. */
function tried(name: string, module: object): Constructor | string {
  const Database = (module as { default: Constructor }).default;
  try {
    new Database(":memory:").close();
    return Database;
  } catch (error) {
    return `${name} is installed but opens no database: ${String(error)}`;
  }
}

const oldNode = (): boolean => process.versions.bun === undefined && Number.parseInt(process.versions.node, 10) < 22;

/** better-sqlite3 13 has no build for Node 20: it installs there, and the process dies when a database is opened. */
function wouldCrash(): boolean {
  if (!oldNode()) return false;
  // From the application, not from this module: what is transformed to CommonJS has no address of its own.
  // And not by an import: webpack follows a `createRequire`, and warns of one that it cannot.
  const { createRequire } = process.getBuiltinModule("node:module");
  const places = [process.cwd(), dirname(process.argv[1] ?? process.cwd())];
  return places.some((place) => {
    try {
      const found = createRequire(join(place, "index.js"))("better-sqlite3/package.json") as { version: string };
      return Number.parseInt(found.version, 10) >= 13;
    } catch {
      return false;
    }
  });
}

// Names of packages are written out in an import of their own, in a `try` of its own: so bundlers and file tracers see
// them, and forgive it when one is not installed.
const FINDERS: Readonly<Record<string, Find>> = {
  // Not imported: where it is missing (Node 20) an import would be an error that no bundler forgives.
  "node:sqlite": async () => {
    const builtin = process.getBuiltinModule?.("node:sqlite" as "node:fs") as unknown;
    return (builtin as { DatabaseSync?: Constructor } | undefined)?.DatabaseSync;
  },
  "bun:sqlite": async () => {
    if (process.versions.bun === undefined) return undefined;
    // No bundler but Bun's own takes the scheme "bun:".
    const name = "bun:sqlite";
    const module = (await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as { Database: Constructor };
    return module.Database;
  },
  "better-sqlite3": async () => {
    if (wouldCrash()) return "better-sqlite3 13 needs Node 22 or newer, install better-sqlite3@12 or libsql";
    try {
      return tried("better-sqlite3", (await import("better-sqlite3")) as object);
    } catch (error) {
      return failure("better-sqlite3", error);
    }
  },
  libsql: async () => {
    try {
      return tried("libsql", await import("libsql"));
    } catch (error) {
      return failure("libsql", error);
    }
  },
};

/**
 * The first driver that is here and works.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` when there is none, with what is wrong with those that are installed.
 */
export async function findDriver(): Promise<Driver> {
  const unusable: string[] = [];
  for (const [name, find] of Object.entries(FINDERS)) {
    const found = await find();
    if (typeof found === "function") return { name, Database: found };
    if (found !== undefined) unusable.push(found);
  }
  throw new SessionError(
    "SOJOURN_INVALID_OPTION",
    `Option "source": a path needs a SQLite driver, found none of ${Object.keys(FINDERS).join(", ")}. ` +
      "Use Node 22.13 or newer or Bun, or `npm install libsql` or `npm install better-sqlite3` (in a bundle: mark it " +
      `external), or pass a database object.${unusable.map((why) => ` (${why}.)`).join("")}`,
  );
}
