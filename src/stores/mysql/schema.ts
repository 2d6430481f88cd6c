/**
 * The tables: their names, the steps that make and upgrade them, the look at what a database has already, and the
 * script for an operator.
 */
import { SessionError } from "../../errors.ts";
import { firstVersion } from "../parts/version.ts";
import type { Layout, Step } from "../sql/layout.ts";
import { fitOf, NONE, stepsAfter, unusableLayout } from "../sql/layout.ts";
import { tableOf } from "../sql/options.ts";
import { isDenied } from "./faults.ts";
import type { Integer } from "./row.ts";
import type { Transaction } from "./transaction.ts";

/** Seconds for which a process waits for another one that makes the tables. */
const LOCK_WAIT = 30;

/** The quoted names of the tables, all made from the one name that was asked for. */
export interface Names {
  readonly table: string;
  readonly sessions: string;
  readonly epochs: string;
  readonly meta: string;
  readonly ended: string;
}

/** `table` has been validated: small letters, digits and underscores. */
export function namesOf(table: string): Names {
  const quoted = (suffix: string): string => `\`${table}${suffix}\``;
  return { table, sessions: quoted(""), epochs: quoted("_epochs"), meta: quoted("_meta"), ended: quoted("_ended") };
}

/** Each statement can be run again, for none of them is part of a transaction. */
export type MysqlStep = Step<[names: Names]>;

/**
 * Users and payloads are bytes (UTF-8): no collation takes two users for one, none ignores a blank at the end, and no
 * connection's character set loses a letter. Keys are ASCII and compared as such. Times are milliseconds since the
 * epoch, so that no time zone has a say. The engine is named, for a server's default may be one without transactions.
 */
const first: MysqlStep = {
  layout: 1,
  compatible: 1,
  statements: ({ sessions, epochs, meta }) => [
    `CREATE TABLE IF NOT EXISTS ${sessions} (
  session_key varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'The public session id: safe to log, no credential',
  user_id varbinary(768) NULL COMMENT 'UTF-8; NULL while anonymous',
  payload longblob NOT NULL COMMENT 'UTF-8',
  created_at bigint NOT NULL COMMENT 'Milliseconds since 1970-01-01 UTC, as all times',
  seen_at bigint NOT NULL,
  expires_at bigint NOT NULL COMMENT 'From then on the row is absent to the application, and swept later',
  version bigint NOT NULL COMMENT 'Changes with every write but a touch',
  PRIMARY KEY (session_key),
  KEY by_user (user_id, created_at, session_key),
  KEY by_expiry (expires_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='Sojourn: one row per session'`,
    `CREATE TABLE IF NOT EXISTS ${epochs} (
  user_id varbinary(768) NOT NULL,
  epoch bigint NOT NULL COMMENT 'Moves when the sessions of the user are revoked: a login that began before is refused',
  used_at bigint NOT NULL COMMENT 'The last login or revocation, to the day; removed a month later',
  PRIMARY KEY (user_id),
  KEY by_use (used_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='Sojourn: one row per user who logs in'`,
    `CREATE TABLE IF NOT EXISTS ${meta} (
  name varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value bigint NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='Sojourn: the layout of the tables, and the epoch of everybody'`,
    // Not 0: tables that were dropped and made again must not bring an epoch back.
    `INSERT IGNORE INTO ${meta} (name, value) VALUES ('epoch', ${firstVersion()})`,
  ],
};

/** MySQL has no ADD COLUMN IF NOT EXISTS. A column at the end is added without a copy of the table. */
function addColumn({ table }: Names, suffix: string, column: string, type: string): readonly string[] {
  const there = `SELECT COUNT(*) FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = '${table}${suffix}' AND column_name = '${column}'`;
  const add = `ALTER TABLE \`${table}${suffix}\` ADD COLUMN ${column} ${type}`.replaceAll("'", "''");
  return [
    `SET @sojourn_step = IF((${there}) = 0, '${add}', 'DO 0')`,
    "PREPARE sojourn_step FROM @sojourn_step",
    "EXECUTE sojourn_step",
    "DEALLOCATE PREPARE sojourn_step",
  ];
}

const INSTANT =
  "double NULL COMMENT 'The last revocation, milliseconds since 1970: a login whose request came earlier is refused'";

/** The instants of revocations, and a log of ends for those who watch. Release 0.1.0 goes on without either. */
const second: MysqlStep = {
  layout: 2,
  compatible: 1,
  statements: (names) => [
    ...addColumn(names, "_epochs", "revoked_at", INSTANT),
    ...addColumn(names, "_meta", "revoked_at", INSTANT),
    `CREATE TABLE IF NOT EXISTS ${names.ended} (
  id bigint NOT NULL AUTO_INCREMENT,
  session_key varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  origin varchar(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'The store that ended it',
  ended_at bigint NOT NULL COMMENT 'Seconds since 1970; removed a minute later',
  PRIMARY KEY (id),
  KEY by_time (ended_at)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='Sojourn: sessions that ended just now, for processes that watch'`,
  ],
};

const STEPS: readonly MysqlStep[] = [first, second];

/** Tables by the layout that they came with, by the ends of their names. */
const TABLES: readonly (readonly [layout: number, suffix: string])[] = [
  ...["", "_epochs", "_meta"].map((suffix) => [1, suffix] as const),
  [2, "_ended"],
];

/** Never back: the script of an older release may be run on the tables of a newer one. */
const setLayout = ({ meta }: Names, { layout, compatible }: Layout): string =>
  `INSERT INTO ${meta} (name, value) VALUES ('compatible', ${compatible}), ('layout', ${layout})
  ON DUPLICATE KEY UPDATE value = GREATEST(value, IF(name = 'layout', ${layout}, ${compatible}))`;

interface Found extends Layout {
  /** The tables that its layout should have and that were dropped or renamed. */
  readonly missing: readonly string[];
}

/** The layout that the database has, and which of its tables are not there. */
async function look(transaction: Transaction, { table, meta }: Names): Promise<Found> {
  const names = TABLES.map(([, suffix]) => table + suffix);
  const listed = `SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name IN (?, ?, ?, ?)`;
  const there = new Set((await transaction.rows<{ name: string }>(listed, ...names)).map(({ name }) => name));
  if (there.size === 0) return { ...NONE, missing: [] };
  let found = NONE;
  if (there.has(`${table}_meta`)) {
    const sql = `SELECT name, value FROM ${meta} WHERE name IN ('layout', 'compatible')`;
    const rows = await transaction.rows<{ name: string; value: Integer }>(sql);
    const value = (name: string): number => Number(rows.find((row) => row.name === name)?.value ?? 0);
    found = { layout: value("layout"), compatible: value("compatible") };
  }
  const wanted = TABLES.filter(([layout]) => layout <= Math.max(1, found.layout)).map(([, suffix]) => table + suffix);
  return { ...found, missing: wanted.filter((name) => !there.has(name)) };
}

/**
 * Makes the tables where they are missing, and brings older ones up to date. Of many processes that start at once
 * one does it and the others wait.
 */
export async function prepareSchema(
  transaction: Transaction,
  names: Names,
  create: boolean,
  steps: readonly MysqlStep[] = STEPS,
): Promise<void> {
  let found = await look(transaction, names);
  if (!isUsable(found, steps) && fitOf(found, steps) !== "newer" && create) {
    await upgrade(transaction, names, steps).catch((error: unknown) => {
      throw isDenied(error) ? complaint(names, found, steps, "the account may not make them: ", error) : error;
    });
    found = await look(transaction, names);
  }
  if (!isUsable(found, steps)) throw complaint(names, found, steps);
}

const isUsable = (found: Found, steps: readonly MysqlStep[]): boolean =>
  found.missing.length === 0 && fitOf(found, steps) === "usable";

const REMEDY = 'run what `npx sojourn schema mysql` prints, or leave "create" at "auto"';

function complaint(
  { sessions }: Names,
  found: Found,
  steps: readonly MysqlStep[],
  why = "",
  cause?: unknown,
): SessionError {
  const { missing, layout } = found;
  const remedy = why + (cause === undefined ? REMEDY : "run what `npx sojourn schema mysql` prints, as one that may");
  if (layout === 0 || missing.length === 0 || fitOf(found, steps) === "newer") {
    return unusableLayout({ backend: "MySQL", table: sessions, found, steps, remedy }, cause);
  }
  const are = missing.length > 1 ? "are" : "is";
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `MySQL: ${missing.join(", ")} ${are} missing: ${remedy}.`,
    cause,
  );
}

/**
 * The lock is the server's and belongs to the connection. Where there is none (some clusters), every statement still
 * bears to be run twice. After a table was dropped the epoch of everybody moves: what was counted in it is forgotten,
 * and no login that began before may pass.
 */
async function upgrade(transaction: Transaction, names: Names, steps: readonly MysqlStep[]): Promise<void> {
  const lock = `sojourn ${names.table}`;
  await transaction.rows("SELECT GET_LOCK(?, ?) AS got", lock, LOCK_WAIT).catch(() => {});
  try {
    const found = await look(transaction, names);
    const dropped = found.missing.length > 0;
    for (const step of dropped ? steps : stepsAfter(found, steps)) {
      for (const sql of [...step.statements(names), setLayout(names, step)]) await transaction.plain(sql);
    }
    if (dropped) await transaction.plain(`UPDATE ${names.meta} SET value = value + 1 WHERE name = 'epoch'`);
  } finally {
    await transaction.rows("SELECT RELEASE_LOCK(?) AS released", lock).catch(() => {});
  }
}

/** For people: the store does not need it. */
function view({ table, sessions }: Names): string {
  const time = (column: string): string =>
    `TIMESTAMPADD(MICROSECOND, ${column} * 1000, TIMESTAMP'1970-01-01 00:00:00') AS ${column}`;
  return `CREATE OR REPLACE VIEW \`${table}_readable\` AS SELECT session_key, CONVERT(user_id USING utf8mb4) AS user_id,
  ${["created_at", "seen_at", "expires_at"].map(time).join(",\n  ")},
  version, CONVERT(payload USING utf8mb4) AS payload FROM ${sessions}`;
}

/**
 * What `sojourn schema mysql` prints: to be run as it is, once or again, or to be put among one's own migrations. The
 * view at its end shows times as UTC and users as text, and is left out with `view: false`.
 */
export function schemaScript(options: { readonly table?: string | undefined; readonly view?: boolean } = {}): string {
  const names = namesOf(tableOf(options.table));
  const steps = STEPS.flatMap((step) => [
    `-- Layout ${step.layout}`,
    ...[...step.statements(names), setLayout(names, step)].map((sql) => `${sql};`),
  ]);
  const readable = options.view === false ? [] : ["-- For people", `${view(names)};`];
  return [...steps, ...readable].join("\n");
}
