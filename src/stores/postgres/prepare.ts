/**
 * The look at a database before its first use: what fits is used, what is older or incomplete is upgraded or refused,
 * what is too new is refused. The tables themselves are in `schema.ts`.
 */
import { SessionError } from "../../errors.ts";
import type { Layout } from "../sql/layout.ts";
import { fitOf, latestOf, NONE, unusableLayout } from "../sql/layout.ts";
import type { Driver } from "./client.ts";
import type { Names } from "./names.ts";
import { namesOf, quote } from "./names.ts";
import type { PostgresSettings } from "./options.ts";
import { partsOf, STEPS, upgradeBlock } from "./schema.ts";

/** Looks where the tables are and which layout they have, and makes or upgrades them where that is allowed. */
export async function prepareDatabase(driver: Driver, settings: PostgresSettings): Promise<Names> {
  const { names, made } = await findTables(driver, settings);
  const found = made ? await look(driver, names) : { ...NONE, missing: [] };
  const { missing } = found;
  const fit = fitOf(found, STEPS);
  if (fit === "usable" && missing.length === 0) return names;
  if (fit === "newer") throw complaint(names, found, "");
  if (found.layout > latestOf(STEPS).layout) {
    throw unusable(`${listed(missing)}, of a newer layout than this release can make: use the release that made them.`);
  }
  if (!settings.create) {
    const remedy = '"create" is false: run what `npx sojourn schema postgres` prints';
    throw missing.length > 0 ? unusable(`${listed(missing)}, and ${remedy}.`) : complaint(names, found, remedy);
  }
  await upgrade(driver, names, settings, missing);
  return names;
}

const listed = (missing: readonly string[]): string =>
  `${missing.join(", ")} ${missing.length > 1 ? "are" : "is"} missing`;

function complaint(names: Names, found: Layout, remedy: string): SessionError {
  return unusableLayout({ backend: "PostgreSQL", table: names.sessions, found, steps: STEPS, remedy });
}

async function upgrade(
  driver: Driver,
  names: Names,
  settings: PostgresSettings,
  missing: readonly string[],
): Promise<void> {
  try {
    await driver.run({ text: upgradeBlock(names, settings), isLong: true }, []);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "42501") {
      const what = missing.length > 0 ? ` (${listed(missing)})` : "";
      throw unusable(
        `the role may not make or upgrade ${names.sessions}${what}: run what \`npx sojourn schema postgres\` prints, ` +
          "as a role that may.",
        error,
      );
    }
    if (code !== "55P03") throw error;
    throw unusable(
      `the tables of ${names.sessions} want an upgrade, and another transaction has ${names.epochs} locked, a backup ` +
        "perhaps. The next call tries again.",
      error,
    );
  }
}

function unusable(what: string, cause?: unknown): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", `PostgreSQL: ${what}`, cause);
}

/** Asked once, so that statements name their schema and do not follow a `search_path` that changes. */
async function findTables(
  driver: Driver,
  { schema, table }: PostgresSettings,
): Promise<{ names: Names; made: boolean }> {
  const text = `SELECT found.schema AS schema, current_setting('transaction_isolation') AS isolation,
      to_regclass(format('%I.%I', coalesce(found.schema, ''), $3::text)) IS NOT NULL AS made
    FROM (SELECT coalesce($1::text, (SELECT n.nspname FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($2::text)), current_schema())
      AS schema) AS found`;
  const values = [schema ?? null, quote(`${table}_meta`), `${table}_meta`];
  const [row] = await driver.run({ text }, values);
  if (typeof row?.schema !== "string") {
    throw unusable('"search_path" names no schema that exists: set it for the role, or give the option "schema".');
  }
  if (row.isolation !== "read committed") {
    throw unusable(
      `transactions are "${String(row.isolation)}" by default, which makes concurrent writes fail: ALTER ROLE ... ` +
        "SET default_transaction_isolation = 'read committed', for the role that the sessions are stored by.",
    );
  }
  return { names: namesOf(row.schema, table), made: row.made === true };
}

interface Found extends Layout {
  /** What its layout should have and was dropped or renamed. */
  readonly missing: readonly string[];
}

async function look(driver: Driver, names: Names): Promise<Found> {
  const { tables, functions } = partsOf(names);
  const text = `SELECT name, value::text AS value FROM ${names.meta} UNION ALL
    SELECT 'missing', name FROM json_array_elements_text($1::text::json) AS t (name) WHERE to_regclass(name) IS NULL UNION ALL
    SELECT 'lacking', name FROM json_array_elements_text($2::text::json) AS f (name) WHERE to_regproc(name) IS NULL`;
  const rows = await driver.run({ text }, [JSON.stringify(tables), JSON.stringify(functions)]);
  const read = (name: string): number => Number(rows.find((row) => row.name === name)?.value ?? 0);
  const layout = read("layout");
  const all = (kind: string): string[] => rows.filter((row) => row.name === kind).map((row) => String(row.value));
  const missing = [...all("missing"), ...(layout > 1 ? all("lacking") : [])];
  return { layout, compatible: read("compatible"), missing: layout === 0 ? [] : missing };
}
