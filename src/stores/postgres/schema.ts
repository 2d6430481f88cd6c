/**
 * The tables: the steps that make and upgrade them, as one block for the store and as a script for an operator. What a
 * database has already is judged in `prepare.ts`.
 */
import type { Layout, Step } from "../sql/layout.ts";
import { latestOf } from "../sql/layout.ts";
import { tableOf } from "../sql/options.ts";
import { firstRelease } from "./first-release.ts";
import { functions } from "./functions.ts";
import type { Names } from "./names.ts";
import { dollar, namesOf, quote } from "./names.ts";
import { checkSchema } from "./options.ts";

export interface SchemaOptions {
  readonly unlogged: boolean;
}

/** Each statement can be run again. */
export type PostgresStep = Step<[names: Names, options: SchemaOptions]>;

/**
 * Keys, users and listings are in byte order (COLLATE "C"), whatever the database's language. No index has `seen_at` or
 * `expires_at`, and pages keep a tenth free: so a touch changes one page and no index (a heap-only update). What
 * the sweeper looks for is `sweep_at`, which is never later than `expires_at` was when it was set, and is
 * moved on by the sweeper itself: once per idle timeout and not once per touch.
 */
const first: PostgresStep = {
  layout: 1,
  compatible: 1,
  statements: (names, { unlogged }) => [
    `CREATE ${unlogged ? "UNLOGGED " : ""}TABLE IF NOT EXISTS ${names.sessions} (
  key text COLLATE "C" NOT NULL PRIMARY KEY,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  sweep_at timestamptz NOT NULL,
  user_id text COLLATE "C",
  payload text NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05)`,
    `COMMENT ON TABLE ${names.sessions} IS 'Sojourn: one row per session. Expired rows are absent to the ` +
      "application, and swept later.'",
    `COMMENT ON COLUMN ${names.sessions}.key IS 'The public session id: safe to log, no credential.'`,
    `COMMENT ON COLUMN ${names.sessions}.sweep_at IS 'When the sweeper looks at the row next.'`,
    index(names, names.byUser, "user_id", "(user_id, created_at) WHERE user_id IS NOT NULL"),
    index(names, names.bySweep, "sweep_at", "(sweep_at)"),
    `CREATE TABLE IF NOT EXISTS ${names.epochs} (
  user_id text COLLATE "C" NOT NULL PRIMARY KEY,
  epoch bigint NOT NULL
)`,
    `COMMENT ON TABLE ${names.epochs} IS 'Sojourn: how often the sessions of a user were revoked; a login that began ` +
      "before is refused.'",
    `CREATE TABLE IF NOT EXISTS ${names.meta} (
  name text NOT NULL PRIMARY KEY,
  value bigint NOT NULL
)`,
    // Not 0: tables that were dropped and made again must not bring an epoch back.
    `INSERT INTO ${names.meta} (name, value) VALUES ('epoch', (random() * 4e15)::bigint) ON CONFLICT (name) DO NOTHING`,
  ],
};

/**
 * An index on a column that none begins with yet. When the sessions table was renamed and made again, the one of before
 * still has the name, and the server chooses another.
 */
function index({ schema, sessions }: Names, name: string, column: string, what: string): string {
  return `DO ${dollar(`BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a
      ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = to_regclass(${literalOf(sessions)}) AND a.attname = '${column}') THEN
    IF to_regclass(${literalOf(`${schema}.${name}`)}) IS NULL THEN
      CREATE INDEX ${name} ON ${sessions} ${what};
    ELSE
      CREATE INDEX ON ${sessions} ${what};
    END IF;
  END IF;
END`)}`;
}

/** The instants of revocations. Release 0.1.0 goes on by the functions that it knows, which are made anew. */
const second: PostgresStep = {
  layout: 2,
  compatible: 1,
  statements: (names) => [
    `ALTER TABLE ${names.epochs} ADD COLUMN IF NOT EXISTS revoked_at float8`,
    `COMMENT ON COLUMN ${names.epochs}.revoked_at IS 'The last revocation, in milliseconds since 1970: a login whose ` +
      "request came earlier is refused. Of everybody in the row of no user.'",
    ...functions(names),
    ...firstRelease(names),
  ],
};

export const STEPS: readonly PostgresStep[] = [first, second];

function setLayout(names: Names, { layout, compatible }: Layout): string {
  return `INSERT INTO ${names.meta} (name, value) VALUES ('layout', ${layout}), ('compatible', ${compatible})
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
}

/** What layout 2 is made of, besides the table of its number. */
export function partsOf({ sessions, epochs, admit, endUser, endAll }: Names): {
  readonly tables: readonly string[];
  readonly functions: readonly string[];
} {
  return { tables: [sessions, epochs], functions: [admit, endUser, endAll] };
}

/** Milliseconds that an upgrade waits for a table that somebody else has locked, a backup for example. */
const LOCK_PATIENCE = 4000;

/**
 * One statement that makes or upgrades everything: a block, so that any client can send it, one transaction, and under
 * a lock, so that of many processes one does it and the others find it done. What was dropped is made again, and the
 * epoch of everybody moves then: what was counted in a table that is gone is forgotten, and no login that began before
 * may pass.
 */
export function upgradeBlock(names: Names, options: SchemaOptions, steps: readonly PostgresStep[] = STEPS): string {
  const upgrade = (step: PostgresStep): string => `IF found < ${step.layout} THEN
    ${[...step.statements(names, options), setLayout(names, step)].join(";\n    ")};
  END IF;`;
  const { tables, functions: made } = partsOf(names);
  const lacks = (kind: "to_regclass" | "to_regproc") => (name: string) => `${kind}(${literalOf(name)}) IS NULL`;
  return `DO ${dollar(`
DECLARE
  found bigint;
BEGIN
  PERFORM set_config('client_min_messages', 'warning', true);
  PERFORM pg_advisory_xact_lock(${names.lock});
  PERFORM set_config('lock_timeout', '${LOCK_PATIENCE}', true);
  IF to_regnamespace(${literalOf(names.schema)}) IS NULL THEN
    CREATE SCHEMA ${names.schema};
  END IF;
  IF to_regclass(${literalOf(names.meta)}) IS NOT NULL THEN
    SELECT value INTO found FROM ${names.meta} WHERE name = 'layout';
    IF found <= ${latestOf(steps).layout} AND (${tables.map(lacks("to_regclass")).join(" OR ")}
      OR (found > 1 AND (${made.map(lacks("to_regproc")).join(" OR ")}))) THEN
      found := 0;
      UPDATE ${names.meta} SET value = value + 1 WHERE name = 'epoch';
    END IF;
  END IF;
  found := coalesce(found, 0);
  ${steps.map(upgrade).join("\n  ")}
END
`)}`;
}

/** A quoted identifier as a text of SQL. */
function literalOf(identifier: string): string {
  return dollar(identifier);
}

/**
 * What `sojourn schema postgres` prints: to be run as it is, once or again, or to be put among one's own migrations.
 */
export function schemaScript(options: {
  readonly table?: string | undefined;
  readonly schema?: string | undefined;
  readonly unlogged?: boolean | undefined;
}): string {
  const table = tableOf(options.table);
  const schema = checkSchema(options.schema ?? "public");
  const names = namesOf(schema, table);
  const steps = STEPS.flatMap((step) => [
    `-- Layout ${step.layout}`,
    ...[...step.statements(names, { unlogged: options.unlogged ?? false }), setLayout(names, step)].map(
      (sql) => `${sql};`,
    ),
  ]);
  // Asking for a schema that is there takes the right to make one, all the same.
  const own = options.schema === undefined ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quote(schema)};`];
  return ["BEGIN;", ...own, ...steps, "COMMIT;"].join("\n");
}
