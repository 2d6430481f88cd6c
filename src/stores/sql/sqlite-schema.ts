/**
 * The tables that every store in SQLite has: their names, the steps that make and upgrade them, and how the layout of
 * a database is read. What a file has beside them is in `sqlite/schema.ts`.
 */
import { firstVersion } from "../parts/version.ts";
import type { Layout, Step } from "./layout.ts";
import { latestOf } from "./layout.ts";
import type { TableNames } from "./options.ts";

/** The quoted names of the tables and indexes, all made from the one name that was asked for. */
export interface Names {
  readonly sessions: string;
  readonly ended: string;
  readonly epochs: string;
  readonly revoked: string;
  readonly meta: string;
  readonly byExpiry: string;
  readonly byUser: string;
}

/** SQLite does not tell capital letters from small ones, with quotes or without. */
export const SQLITE_NAMES: TableNames = {
  fits: (table) => /^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(table) && !/^sqlite_/i.test(table),
  expected: 'a name of letters, digits and underscores, at most 40, that does not begin with "sqlite_"',
};

/** `table` has been validated: letters, digits and underscores. */
export function namesOf(table: string): Names {
  const quoted = (suffix: string): string => `"${table}${suffix}"`;
  return {
    sessions: quoted(""),
    ended: quoted("_ended"),
    epochs: quoted("_epochs"),
    revoked: quoted("_revoked"),
    meta: quoted("_meta"),
    byExpiry: quoted("_by_expiry"),
    byUser: quoted("_by_user"),
  };
}

/** What the statements of a step are made of. */
export type About = readonly [names: Names, epoch: number];

/**
 * What every store in SQLite has; a file has a log of ended sessions beside it. Every statement can be run again on
 * tables that are there, for two Workers may do so at once.
 *
 * Rowid tables, by measurement: a 300-byte insert takes half the time of WITHOUT ROWID, an update the same,
 * and at 2 KB of payload everything is two to three times as fast. Times are milliseconds since the epoch.
 */
const first: Step<About> = {
  layout: 1,
  compatible: 1,
  statements: (names, epoch) => [
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
    `CREATE TABLE IF NOT EXISTS ${names.epochs} (user_id TEXT NOT NULL PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ` +
      "ROWID",
    `CREATE TABLE IF NOT EXISTS ${names.meta} (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
    `INSERT INTO ${names.meta} (name, value) VALUES ('epoch', ${epoch}) ON CONFLICT (name) DO NOTHING`,
  ],
};

/**
 * When each user, and everybody, was last revoked. A table and not a column: code of the layout before goes on beside
 * it without a change, and to make a table twice does no harm.
 */
const second: Step<About> = {
  layout: 2,
  compatible: 1,
  statements: (names) => [
    `CREATE TABLE IF NOT EXISTS ${names.revoked} (user_id TEXT NOT NULL PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID`,
  ],
};

export const STEPS: readonly Step<About>[] = [first, second];

/** The layout that this code reads and writes. */
const LAYOUT: number = latestOf(STEPS).layout;

/** Rows of the table `meta`. */
export interface MetaRow {
  readonly name: string;
  readonly value: number | bigint;
}

/** Which layout the tables have. */
export function layoutText({ meta }: Names): string {
  return `SELECT name, value FROM ${meta} WHERE name IN ('layout', 'step')`;
}

/**
 * Release 0.1.0 has one row, `layout`, and takes no tables where it is not 1. So that row says which code still works
 * on them, and another one, `step`, which layout they have.
 */
export function layoutIn(rows: readonly MetaRow[]): Layout {
  const value = (name: string): number => Number(rows.find((row) => row.name === name)?.value ?? 0);
  const compatible = value("layout");
  return { layout: Math.max(compatible, value("step")), compatible };
}

/** Never back: code of an earlier layout may be run on tables of a later one. */
function setLayout({ meta }: Names, { layout, compatible }: Layout): string {
  return `INSERT INTO ${meta} (name, value) VALUES ('layout', ${compatible}), ('step', ${layout})
      ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`;
}

/**
 * The statements of some steps, each with the note that it was made.
 *
 * @param epoch Where everybody's epoch begins in new tables: at random, so that tables that were dropped and made again
 *   do not bring an epoch back.
 */
export function stepStatements(
  names: Names,
  steps: readonly Step<About>[] = STEPS,
  epoch: number = firstVersion(),
): readonly string[] {
  return steps.flatMap((step) => [...step.statements(names, epoch), setLayout(names, step)]);
}

/**
 * All steps for one transaction that is sent blind, to a database that lacks a table of ours. When it had them all, one
 * was dropped, and what was counted there is forgotten: no login that began before may pass for that.
 */
export function mendingStatements(names: Names): readonly string[] {
  const complete = `(SELECT value FROM ${names.meta} WHERE name = 'step') = ${LAYOUT}`;
  return [
    ...STEPS.flatMap((step) => step.statements(names, firstVersion())),
    `UPDATE ${names.meta} SET value = value + 1 WHERE name = 'epoch' AND ${complete}`,
    ...STEPS.map((step) => setLayout(names, step)),
  ];
}

/** A table that is not there, by SQLite's words, whichever driver or platform passes them on. */
export function lacksTable(error: unknown, table: string): boolean {
  const message = error instanceof Error ? error.message : "";
  return message.toLowerCase().includes(`no such table: ${table.toLowerCase()}`);
}
