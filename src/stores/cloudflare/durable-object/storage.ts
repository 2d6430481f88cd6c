/**
 * The SQL storage of an object: its tables, made or brought up to date, and its statements in the form of every SQLite
 * here.
 */
import { SessionError } from "../../../errors.ts";
import { fitOf, type Layout, NONE, stepsAfter, unusableLayout } from "../../sql/layout.ts";
import { TABLE } from "../../sql/options.ts";
import {
  layoutIn,
  layoutText,
  type MetaRow,
  type Names,
  namesOf,
  STEPS,
  stepStatements,
} from "../../sql/sqlite-schema.ts";
import type { SqliteStatement, SqliteValue } from "../../sql/sqlite-statements.ts";
import type { ObjectSql, ObjectState } from "./binding.ts";

/** Every object has a database of its own, so the name need not be chosen. */
export const TABLES: Names = namesOf(TABLE);

/**
 * The object's SQL, which keeps what it has compiled by its text, in the form that the statements of every store ask
 * for.
 */
export function statementOver(sql: ObjectSql, text: string): SqliteStatement {
  const all = (...values: SqliteValue[]): unknown[] => sql.exec(text, ...values).toArray();
  return {
    all,
    get: (...values) => all(...values)[0],
    run: (...values) => {
      all(...values);
      return sql.exec("SELECT changes() AS changes").toArray()[0];
    },
  };
}

/**
 * The object's SQL with the tables in it, made or brought up to date. Epochs begin at 0: those of several objects are
 * compared, and an object whose tables are new is behind those that count already, never before them.
 */
export function prepareStorage({ storage }: ObjectState): ObjectSql {
  const sql = sqlOf(storage);
  return storage.transactionSync(() => {
    const found = layoutOf(sql);
    const fit = fitOf(found, STEPS);
    if (fit === "older") for (const text of stepStatements(TABLES, stepsAfter(found, STEPS), 0)) sql.exec(text);
    if (fit !== "newer") return sql;
    throw unusableLayout({ backend: "Durable Object", table: TABLE, found, steps: STEPS, remedy: "" });
  });
}

function layoutOf(sql: ObjectSql): Layout {
  const [made] = sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", `${TABLE}_meta`).toArray();
  return made === undefined ? NONE : layoutIn(sql.exec(layoutText(TABLES)).toArray() as MetaRow[]);
}

/** Throws for a class that was declared without SQLite. */
function sqlOf(storage: ObjectState["storage"]): ObjectSql {
  try {
    storage.sql.exec("SELECT 1");
    return storage.sql;
  } catch (error) {
    throw new SessionError(
      "SOJOURN_INVALID_OPTION",
      'The Durable Object has no SQL storage: declare its class under "new_sqlite_classes" in the migration, not ' +
        '"new_classes".',
      error,
    );
  }
}
