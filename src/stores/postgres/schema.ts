import { firstRelease } from "./first-release.ts";
import { functions } from "./functions.ts";
import type { Names } from "./names.ts";
import { dollar, namesOf, quote } from "./names.ts";
import { checkSchema, checkTable } from "./options.ts";

/** The layout that this code makes, reads and writes. */
export const LAYOUT = 2;

export interface SchemaOptions {
  readonly unlogged: boolean;
}

/** What brings a database to a layout from the one before it. Each statement can be run again. */
export interface Step {
  readonly layout: number;
  /** The oldest layout whose code still works afterwards, so that a roll-out can go process by process. */
  readonly compatible: number;
  statements(names: Names, options: SchemaOptions): readonly string[];
}

/**
 * Keys, users and listings are in byte order (COLLATE "C"), whatever the database's language. No index has `seen_at` or
 * `expires_at`, and pages keep a tenth free: so a touch changes one page and no index (a heap-only update). What
 * the sweeper looks for is `sweep_at`, which is never later than `expires_at` was when it was set, and is
 * moved on by the sweeper itself: once per idle timeout and not once per touch.
 */
const first: Step = {
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
    `COMMENT ON TABLE ${names.sessions} IS 'Sojourn: one row per session. Expired rows are absent to the application, and swept later.'`,
    `COMMENT ON COLUMN ${names.sessions}.key IS 'The public session id: safe to log, no credential.'`,
    `COMMENT ON COLUMN ${names.sessions}.sweep_at IS 'When the sweeper looks at the row next.'`,
    `CREATE INDEX IF NOT EXISTS ${names.byUser} ON ${names.sessions} (user_id, created_at) WHERE user_id IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${names.bySweep} ON ${names.sessions} (sweep_at)`,
    `CREATE TABLE IF NOT EXISTS ${names.epochs} (
  user_id text COLLATE "C" NOT NULL PRIMARY KEY,
  epoch bigint NOT NULL
)`,
    `COMMENT ON TABLE ${names.epochs} IS 'Sojourn: how often the sessions of a user were revoked; a login that began before is refused.'`,
    `CREATE TABLE IF NOT EXISTS ${names.meta} (
  name text NOT NULL PRIMARY KEY,
  value bigint NOT NULL
)`,
    `INSERT INTO ${names.meta} (name, value) VALUES ('epoch', 0) ON CONFLICT (name) DO NOTHING`,
  ],
};

/** The instants of revocations. Release 0.1.0 goes on by the functions that it knows, which are made anew. */
const second: Step = {
  layout: 2,
  compatible: 1,
  statements: (names) => [
    `ALTER TABLE ${names.epochs} ADD COLUMN IF NOT EXISTS revoked_at float8`,
    `COMMENT ON COLUMN ${names.epochs}.revoked_at IS 'The last revocation, in milliseconds since 1970: a login whose request came earlier is refused. Of everybody in the row of no user.'`,
    ...functions(names),
    ...firstRelease(names),
  ],
};

const STEPS: readonly Step[] = [first, second];

function setLayout(names: Names, { layout, compatible }: Step): string {
  return `INSERT INTO ${names.meta} (name, value) VALUES ('layout', ${layout}), ('compatible', ${compatible})
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
}

/**
 * One statement that makes or upgrades everything: a block, so that any client can send it, one transaction, and under
 * a lock, so that of many processes one does it and the others find it done.
 */
export function upgradeBlock(names: Names, options: SchemaOptions, steps: readonly Step[] = STEPS): string {
  const upgrade = (step: Step): string => `IF found < ${step.layout} THEN
    ${[...step.statements(names, options), setLayout(names, step)].join(";\n    ")};
  END IF;`;
  return `DO ${dollar(`
DECLARE
  found bigint;
BEGIN
  PERFORM set_config('client_min_messages', 'warning', true);
  PERFORM pg_advisory_xact_lock(${names.lock});
  IF to_regnamespace(${literalOf(names.schema)}) IS NULL THEN
    CREATE SCHEMA ${names.schema};
  END IF;
  IF to_regclass(${literalOf(names.meta)}) IS NOT NULL THEN
    SELECT value INTO found FROM ${names.meta} WHERE name = 'layout';
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

/** What `sojourn schema postgres` prints: to be run as it is, once or again, or to be put among one's own migrations. */
export function schemaScript(options: {
  readonly table?: string | undefined;
  readonly schema?: string | undefined;
  readonly unlogged?: boolean | undefined;
}): string {
  const table = checkTable(options.table ?? "sojourn_sessions");
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
