import { SessionError } from "../../errors.ts";
import type { Driver } from "./client.ts";
import type { Names } from "./names.ts";
import { namesOf, quote } from "./names.ts";
import type { PostgresSettings } from "./options.ts";
import { LAYOUT, upgradeBlock } from "./schema.ts";

/** Looks where the tables are and which layout they have, and makes or upgrades them where that is allowed. */
export async function prepareDatabase(driver: Driver, settings: PostgresSettings): Promise<Names> {
  const { names, made } = await findTables(driver, settings);
  const found = made ? await layoutOf(driver, names) : { layout: 0, compatible: 0 };
  if (found.layout === LAYOUT || (found.layout > LAYOUT && found.compatible <= LAYOUT)) return names;
  if (found.layout > LAYOUT) {
    throw unusable(
      `${names.sessions} has layout ${found.layout}, this release of Sojourn knows layouts up to ${LAYOUT}: ` +
        'use a newer release, or another "table".',
    );
  }
  if (!settings.create) {
    const missing = found.layout === 0 ? "is missing" : `has layout ${found.layout}`;
    throw unusable(
      `${names.sessions} ${missing}, and "create" is false: run what \`npx sojourn schema postgres\` prints.`,
    );
  }
  await upgrade(driver, names, settings);
  return names;
}

async function upgrade(driver: Driver, names: Names, settings: PostgresSettings): Promise<void> {
  try {
    await driver.run({ text: upgradeBlock(names, settings) }, []);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "42501") throw error;
    throw unusable(
      `the role may not make ${names.sessions}: run what \`npx sojourn schema postgres\` prints, as a role that may.`,
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
      `transactions are "${String(row.isolation)}" by default, which makes concurrent writes fail: ` +
        "ALTER ROLE ... SET default_transaction_isolation = 'read committed', for the role that the sessions are stored by.",
    );
  }
  return { names: namesOf(row.schema, table), made: row.made === true };
}

async function layoutOf(driver: Driver, { meta }: Names): Promise<{ layout: number; compatible: number }> {
  const text = `SELECT name, value::text AS value FROM ${meta}`;
  const rows = await driver.run({ text }, []);
  const read = (name: string): number => Number(rows.find((row) => row.name === name)?.value ?? 0);
  return { layout: read("layout"), compatible: read("compatible") };
}
