/**
 * The check of the options that every SQL store has, and the names that its table may be given.
 */
import type { Clock } from "../../clock.ts";
import { invalidOption } from "../../errors.ts";
import { clockOf, millisecondsWithin } from "../parts/bounds.ts";

/** The options that every store in an SQL database has; each store says in its own interface what they mean there. */
export interface SqlOptions {
  readonly table?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly create?: "auto" | false | undefined;
  readonly sweepEvery?: number | false | undefined;
}

/** The same, checked, with every default filled in. */
export interface SqlSettings {
  readonly table: string;
  readonly clock: Clock;
  /** Whether the store makes and upgrades its tables by itself. */
  readonly create: boolean;
  /** Milliseconds on average; false for never. */
  readonly sweepEvery: number | false;
}

/**
 * What a table may be called. The name is put into statements as it is, between quotes, and other names are made of it.
 */
export interface TableNames {
  fits(table: string): boolean;
  /** For the message: which names are taken. */
  readonly expected: string;
}

/** For servers on which capital letters change their meaning with quotes or with the file system. */
const SMALL_LETTERS: TableNames = {
  fits: (table) => /^[a-z_][a-z0-9_]{0,39}$/.test(table),
  expected: "a name of small letters, digits and underscores, at most 40",
};

/** Default of the option `table`, in every store. */
export const TABLE = "sojourn_sessions";

/**
 * The option `table`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for a name that is not taken.
 */
export function tableOf(table: string = TABLE, names: TableNames = SMALL_LETTERS): string {
  if (typeof table === "string" && names.fits(table)) return table;
  throw invalidOption("table", table, names.expected);
}

/**
 * The option `create`: whether the store may make and change tables.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for anything but its two values.
 */
function createOf(create: "auto" | false = "auto"): boolean {
  if (create !== "auto" && create !== false) throw invalidOption("create", create, '"auto" or false');
  return create === "auto";
}

/**
 * The option `sweepEvery`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` out of its bounds.
 */
function sweepEveryOf(sweepEvery: number | false = 60_000): number | false {
  return sweepEvery === false ? false : millisecondsWithin("sweepEvery", sweepEvery, 1000, 86_400_000);
}

/** All four. A store adds those that are its own. */
export function sqlSettings(options: SqlOptions, names: TableNames = SMALL_LETTERS): SqlSettings {
  return {
    table: tableOf(options.table, names),
    clock: clockOf(options.clock),
    create: createOf(options.create),
    sweepEvery: sweepEveryOf(options.sweepEvery),
  };
}
