/**
 * The SQL of every statement that verbs, sweeper and feed send. The functions that some of them call are in
 * `functions.ts`, the tables in `schema.ts`.
 */
import { at, facts, laterTimes } from "./columns.ts";
import { epochOf, isWatched } from "./functions.ts";
import type { Names } from "./names.ts";
import { hash } from "./names.ts";
import { DONE } from "./row.ts";

/** One statement, and the name under which a connection keeps it prepared; none for what is sent once. */
export interface Statement {
  readonly text: string;
  readonly name?: string | undefined;
  /** It makes tables, or waits for another process that does. */
  readonly isLong?: boolean | undefined;
}

/** Every statement of the store. What their rows have is in row.ts. */
export interface Statements {
  readonly get: Statement;
  readonly getMany: Statement;
  readonly create: Statement;
  readonly update: Statement;
  readonly end: Statement;
  readonly updateMany: Statement;
  readonly touch: Statement;
  readonly remove: Statement;
  readonly epoch: Statement;
  readonly admit: Statement;
  readonly replace: Statement;
  readonly list: Statement;
  readonly endUser: Statement;
  readonly scan: Statement;
  readonly endAll: Statement;
  readonly sweep: Statement;
  readonly watched: Statement;
}

/** How long one registration of a watcher holds. By the server's clock, on both sides. */
const WATCHED_SECONDS = 60;

const RECORD = `payload, ${facts()} AS facts`;

/**
 * The name goes with the text: behind a pooler other processes, of other releases too, meet the same prepared
 * statements by name, and must never get another statement than they sent.
 */
function statement(text: string): Statement {
  return { text, name: `sojourn_${hash(text).toString(16)}` };
}

function reads({ sessions }: Names): Pick<Statements, "get" | "getMany" | "list" | "scan"> {
  const entry = `key, ${RECORD}`;
  return {
    get: statement(`SELECT ${RECORD} FROM ${sessions} WHERE key = $1 AND expires_at > ${at(2)}`),
    getMany: statement(`SELECT ${entry} FROM ${sessions}
      WHERE key = ANY (ARRAY(SELECT json_array_elements_text($1::text::json))) AND expires_at > ${at(2)}`),
    list: statement(`SELECT ${entry} FROM ${sessions}
      WHERE user_id = $1 AND expires_at > ${at(2)} AND (created_at, key) > (${at(3)}, $4)
      ORDER BY created_at, key LIMIT $5::bigint`),
    scan: statement(`SELECT ${entry} FROM ${sessions} WHERE key > $1 AND expires_at > ${at(2)}
      ORDER BY key LIMIT $3::bigint`),
  };
}

/**
 * `update` sets every column to itself when the version is another one, and so answers with the row that won: a
 * second query in the same statement would still see the row from before. Each write brings a version of its own,
 * random, so that "is it mine now?" is the answer to "did it fit?".
 */
function updateText({ sessions }: Names): string {
  const set = (column: string, value: string): string =>
    `${column} = CASE WHEN version = $2::bigint THEN ${value} ELSE ${column} END`;
  const later = laterTimes(at(5), at(6));
  return `UPDATE ${sessions} SET ${[
    set("created_at", at(4)),
    set("seen_at", later.seen),
    set("expires_at", later.expires),
    set("sweep_at", `least(sweep_at, ${at(6)})`),
    set("user_id", "$7::text"),
    set("payload", "$8::text"),
    set("version", "$3::bigint"),
  ].join(", ")}
    WHERE key = $1 AND expires_at > ${at(9)}
    RETURNING CASE WHEN version <> $3::bigint THEN payload END AS payload,
      CASE WHEN version = $3::bigint THEN '${DONE}' ELSE ${facts()} END AS facts`;
}

/** An update that is told as an end, in the same transaction. */
function end(names: Names): Statement {
  return statement(`WITH done AS (${updateText(names)})
      SELECT payload, facts, CASE WHEN facts = '${DONE}' AND $10::text IS NOT NULL AND octet_length($1) < 7900
        AND ${isWatched(names)} THEN pg_notify('${names.channel}', $10::text || $1)::text END AS told FROM done`);
}

/**
 * Many updates in one statement. It waits for nobody, so that no row that is somebody else's at the moment holds up the
 * others, and two such statements never wait for each other: what is locked is passed over, and asked for alone.
 */
function updateMany({ sessions }: Names): Statement {
  const set = (column: string, value: string): string =>
    `${column} = CASE WHEN s.version = g.expected THEN ${value} ELSE s.${column} END`;
  const ms = (column: string): string => `to_timestamp(g.${column} / 1000)`;
  const later = laterTimes(ms("seen"), ms("expires"), "s.");
  return statement(`WITH given AS MATERIALIZED (
      SELECT * FROM json_to_recordset($1::text::json) AS g (key text, expected bigint, version bigint,
        created float8, seen float8, expires float8, owner text, payload text)
    ), free AS MATERIALIZED (
      SELECT key FROM ${sessions} WHERE key = ANY (ARRAY(SELECT key FROM given)) FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ${sessions} AS s SET ${[
      set("created_at", ms("created")),
      set("seen_at", later.seen),
      set("expires_at", later.expires),
      set("sweep_at", `least(s.sweep_at, ${ms("expires")})`),
      set("user_id", "g.owner"),
      set("payload", "g.payload"),
      set("version", "g.version"),
    ].join(", ")}
    FROM given AS g WHERE s.key = ANY (ARRAY(SELECT key FROM free)) AND g.key = s.key AND s.expires_at > ${at(2)}
    RETURNING s.key AS key, CASE WHEN s.version <> g.version THEN s.payload END AS payload,
      CASE WHEN s.version = g.version THEN '${DONE}' ELSE ${facts("s.")} END AS facts`);
}

function writes(
  names: Names,
): Pick<Statements, "create" | "update" | "end" | "updateMany" | "touch" | "remove" | "sweep"> {
  const { sessions, channel } = names;
  return {
    create: statement(`INSERT INTO ${sessions} AS s
      (key, version, created_at, seen_at, expires_at, sweep_at, user_id, payload)
      VALUES ($1::text, $2::bigint, ${at(3)}, ${at(4)}, ${at(5)}, ${at(5)}, $6::text, $7)
      ON CONFLICT (key) DO UPDATE SET version = excluded.version, created_at = excluded.created_at,
        seen_at = excluded.seen_at, expires_at = excluded.expires_at, sweep_at = excluded.sweep_at,
        user_id = excluded.user_id, payload = excluded.payload
      WHERE s.expires_at <= ${at(8)} RETURNING 1 AS done`),
    update: statement(updateText(names)),
    end: end(names),
    updateMany: updateMany(names),
    touch: statement(`UPDATE ${sessions}
      SET seen_at = greatest(seen_at, ${at(2)}), expires_at = greatest(expires_at, ${at(3)})
      WHERE key = $1 AND expires_at > ${at(4)} RETURNING 1 AS done`),
    // An expired one goes too: a clock that steps back must not show it again.
    remove: statement(`WITH gone AS (DELETE FROM ${sessions} WHERE key = $1
        RETURNING key, expires_at > ${at(2)} AS live)
      SELECT live, CASE WHEN live AND $3::text IS NOT NULL AND octet_length(key) < 7900 AND ${isWatched(names)}
        THEN pg_notify('${channel}', $3::text || key)::text END AS told FROM gone`),
    sweep: sweep(names),
  };
}

/**
 * One step: the rows whose turn it is, but those that another process is at, are deleted when they have expired and
 * put off when they have been touched. Arrays of keys and not joins, so that no estimate leads to a walk over the
 * table.
 */
function sweep({ sessions }: Names): Statement {
  return statement(`WITH due AS MATERIALIZED (
      SELECT key, expires_at <= ${at(1)} AS over FROM ${sessions} WHERE sweep_at <= ${at(1)}
      ORDER BY sweep_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM ${sessions} WHERE key = ANY (ARRAY(SELECT key FROM due WHERE over)) RETURNING 1
    ), moved AS (
      UPDATE ${sessions} SET sweep_at = expires_at
      WHERE key = ANY (ARRAY(SELECT key FROM due WHERE NOT over)) RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone)::text AS gone, (SELECT count(*) FROM moved)::text AS moved`);
}

/** The parameters of a login, in the order of the function's. */
const ADMITTED = `$1::text, $2::bigint, ${at(3)}, ${at(4)}, ${at(5)}, $6::text, $7::text, ${at(8)}, $9::text,
      $10::float8, $11::bigint, $12::boolean, $13::text`;

export function statementsFor(names: Names): Statements {
  return {
    ...reads(names),
    ...writes(names),
    watched: statement(`INSERT INTO ${names.meta} AS m (name, value)
      VALUES ('watched', date_part('epoch', now())::bigint + ${WATCHED_SECONDS})
      ON CONFLICT (name) DO UPDATE SET value = greatest(m.value, excluded.value)`),
    epoch: statement(`SELECT ${epochOf(names, "$1")} AS epoch`),
    admit: statement(`SELECT ended FROM ${names.admit}(${ADMITTED}) AS ended`),
    replace: statement(`SELECT ended FROM ${names.admit}(${ADMITTED}, $14::text, $15::bigint, $16::bigint,
      ${at(17)}, ${at(18)}, ${at(19)}, $20::text, $21::text) AS ended`),
    endUser: statement(
      `SELECT ended FROM ${names.endUser}($1::text, $2::text, $3::bigint, ${at(4)}, $5::text, $6::float8) AS ended`,
    ),
    endAll: statement(`SELECT ended FROM ${names.endAll}($1::bigint, ${at(2)}, $3::text, $4::float8) AS ended`),
  };
}
