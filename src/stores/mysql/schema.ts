import { SessionError } from "../../errors.ts";
import { firstVersion } from "../parts/version.ts";
import { isMissingTable } from "./faults.ts";
import { checkTable } from "./options.ts";
import type { Integer } from "./row.ts";
import type { Session } from "./transaction.ts";

/** Seconds for which a process waits for another one that makes the tables. */
const LOCK_WAIT = 30;

/** The quoted names of the tables, all made from the one name that was asked for. */
export interface Names {
  readonly table: string;
  readonly sessions: string;
  readonly epochs: string;
  readonly meta: string;
}

/** `table` has been validated: small letters, digits and underscores. */
export function namesOf(table: string): Names {
  return { table, sessions: `\`${table}\``, epochs: `\`${table}_epochs\``, meta: `\`${table}_meta\`` };
}

/** What brings a database to a layout from the one before it. Each statement can be run again. */
export interface Step {
  readonly layout: number;
  /** The oldest layout whose code still works afterwards, so that a roll-out can go process by process. */
  readonly compatible: number;
  statements(names: Names): readonly string[];
}

/**
 * Users and payloads are bytes (UTF-8): no collation takes two users for one, none ignores a blank at the end, and no
 * connection's character set loses a letter. Keys are ASCII and compared as such. Times are milliseconds since the
 * epoch, so that no time zone has a say. The engine is named, for a server's default may be one without transactions.
 */
const first: Step = {
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

const STEPS: readonly Step[] = [first];

/** Never back: the script of an older release may be run on the tables of a newer one. */
const setLayout = ({ meta }: Names, { layout, compatible }: Step): string =>
  `INSERT INTO ${meta} (name, value) VALUES ('compatible', ${compatible}), ('layout', ${layout})
  ON DUPLICATE KEY UPDATE value = GREATEST(value, IF(name = 'layout', ${layout}, ${compatible}))`;

interface Layout {
  readonly layout: number;
  readonly compatible: number;
}

/** The layout that the database has; 0 when it has none. */
async function layoutOf(session: Session, { meta }: Names): Promise<Layout> {
  try {
    const sql = `SELECT name, value FROM ${meta} WHERE name IN ('layout', 'compatible')`;
    const rows = await session.rows<{ name: string; value: Integer }>(sql);
    const value = (name: string): number => Number(rows.find((row) => row.name === name)?.value ?? 0);
    return { layout: value("layout"), compatible: value("compatible") };
  } catch (error) {
    if (isMissingTable(error)) return { layout: 0, compatible: 0 };
    throw error;
  }
}

/**
 * Makes the tables where they are missing, and brings older ones up to date. Of many processes that start at once
 * one does it and the others wait.
 */
export async function prepareSchema(
  session: Session,
  names: Names,
  create: boolean,
  steps: readonly Step[] = STEPS,
): Promise<void> {
  const wanted = Math.max(...steps.map((step) => step.layout));
  let found = await layoutOf(session, names);
  if (found.layout < wanted && create) {
    await upgrade(session, names, steps);
    found = await layoutOf(session, names);
  }
  if (found.layout >= wanted && found.compatible <= wanted) return;
  throw new SessionError("SOJOURN_STORE_UNAVAILABLE", complaint(names, found.layout, wanted));
}

function complaint({ sessions }: Names, layout: number, wanted: number): string {
  if (layout > wanted) {
    return `The tables of ${sessions} have layout ${layout}, this release of Sojourn reads layout ${wanted}: use the release that wrote them, or another "table".`;
  }
  const found = layout === 0 ? "are missing" : `have layout ${layout}, not ${wanted}`;
  return `The tables of ${sessions} ${found}: run what \`npx sojourn schema mysql\` prints, or leave "create" at "auto".`;
}

/** The lock is the server's and belongs to the connection. Where there is none (some clusters), every statement still bears to be run twice. */
async function upgrade(session: Session, names: Names, steps: readonly Step[]): Promise<void> {
  const lock = `sojourn ${names.table}`;
  await session.rows("SELECT GET_LOCK(?, ?) AS got", lock, LOCK_WAIT).catch(() => {});
  try {
    const { layout } = await layoutOf(session, names);
    for (const step of steps.filter((each) => each.layout > layout)) {
      for (const sql of [...step.statements(names), setLayout(names, step)]) await session.plain(sql);
    }
  } finally {
    await session.rows("SELECT RELEASE_LOCK(?) AS released", lock).catch(() => {});
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
  const names = namesOf(checkTable(options.table ?? "sojourn_sessions"));
  const steps = STEPS.flatMap((step) => [
    `-- Layout ${step.layout}`,
    ...[...step.statements(names), setLayout(names, step)].map((sql) => `${sql};`),
  ]);
  const readable = options.view === false ? [] : ["-- For people", `${view(names)};`];
  return [...steps, ...readable].join("\n");
}
