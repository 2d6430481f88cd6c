/**
 * The tables of a SQLite database: made, upgraded and made again when dropped, or printed for an operator to make.
 */
import type { Layout, Step } from "../sql/layout.ts";
import { fitOf, NONE, stepsAfter, unusableLayout } from "../sql/layout.ts";
import { tableOf } from "../sql/options.ts";
import type { About, MetaRow, Names } from "../sql/sqlite-schema.ts";
import { layoutIn, layoutText, namesOf, STEPS as SHARED, SQLITE_NAMES, stepStatements } from "../sql/sqlite-schema.ts";
import { whileBusy } from "./busy.ts";
import { rollback } from "./database.ts";
import type { SqliteDatabase } from "./drivers.ts";
import type { SqliteSettings } from "./options.ts";

/** A file has a log of ended sessions, which its other processes read. */
const STEPS: readonly Step<About>[] = SHARED.map((step) => {
  if (step.layout !== 1) return step;
  const log = ({ ended }: Names): string =>
    `CREATE TABLE IF NOT EXISTS ${ended} (id INTEGER PRIMARY KEY, key TEXT NOT NULL, origin TEXT NOT NULL)`;
  return { ...step, statements: (names, epoch) => [log(names), ...step.statements(names, epoch)] };
});

/** Tables by the layout that they came with, by the ends of their names. */
const TABLES: readonly (readonly [layout: number, suffix: string])[] = [
  ...["", "_ended", "_epochs", "_meta"].map((suffix) => [1, suffix] as const),
  [2, "_revoked"],
];

interface Found extends Layout {
  /** The tables that its layout should have and that are not there; they were dropped. */
  readonly missing: readonly string[];
}

/** What is in the database. The numbers are in a table of ours: `user_version` is the application's. */
function look(database: SqliteDatabase, table: string, names: Names): Found {
  const statement = database.prepare("SELECT lower(name) AS name FROM sqlite_master WHERE type = 'table'");
  const there = new Set((statement.all() as { name: string }[]).map(({ name }) => name));
  const lacks = (name: string): boolean => !there.has(name.toLowerCase());
  const made = !lacks(`${table}_meta`);
  const found = made ? layoutIn(database.prepare(layoutText(names)).all() as MetaRow[]) : NONE;
  const wanted = TABLES.filter(([layout]) => (made ? layout <= found.layout : !lacks(table)));
  return { ...found, missing: wanted.map(([, suffix]) => table + suffix).filter(lacks) };
}

/**
 * Makes the tables where they are missing, and brings older ones up to date. Of processes that do so at once one wins,
 * and may write from then on without a pause: the others look again before each try, since reading waits for nobody and
 * its lock may not be had for long.
 */
export async function prepareSchema(
  database: SqliteDatabase,
  { table, create, busyTimeout }: Pick<SqliteSettings, "table" | "create" | "busyTimeout">,
): Promise<Names> {
  const names = namesOf(table);
  const found = await whileBusy(busyTimeout, () => {
    const before = look(database, table, names);
    if (isComplete(before) || fitOf(before, STEPS) === "newer" || !create) return before;
    upgrade(database, table, names);
    return look(database, table, names);
  });
  if (isComplete(found)) return names;
  const remedy =
    found.layout > 0 && found.missing.length > 0
      ? `${found.missing.join(" and ")} ${found.missing.length > 1 ? "are" : "is"} missing, run what \`npx sojourn schema sqlite\` prints`
      : 'run what `npx sojourn schema sqlite` prints, or leave "create" at "auto"';
  throw unusableLayout({ backend: "SQLite", table, found, steps: STEPS, remedy });
}

function isComplete(found: Found): boolean {
  return found.missing.length === 0 && fitOf(found, STEPS) === "usable";
}

function upgrade(database: SqliteDatabase, table: string, names: Names): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const found = look(database, table, names);
    const dropped = found.missing.length > 0;
    for (const sql of stepStatements(names, dropped ? STEPS : stepsAfter(found, STEPS))) database.exec(sql);
    // What was counted in a table that was dropped is forgotten: no login that began before may pass for that.
    if (dropped) database.exec(`UPDATE ${names.meta} SET value = value + 1 WHERE name = 'epoch'`);
    database.exec("COMMIT");
  } catch (error) {
    rollback(database);
    throw error;
  }
}

/** The SQL that makes and upgrades the tables, to be run by an operator: `npx sojourn schema sqlite`. */
export function schemaScript(options: { readonly table?: string | undefined } = {}): string {
  const names = namesOf(tableOf(options.table, SQLITE_NAMES));
  return stepStatements(names, STEPS)
    .map((sql) => `${sql};`)
    .join("\n");
}
