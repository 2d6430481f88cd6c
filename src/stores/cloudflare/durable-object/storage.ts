import { SessionError } from "../../../errors.ts";
import { LAYOUT, type Names, namesOf, tableStatements } from "../../sql/sqlite-schema.ts";
import type { SqliteStatement, SqliteValue } from "../../sql/sqlite-statements.ts";
import type { ObjectSql, ObjectState } from "./binding.ts";

/** Every object has a database of its own, so the name need not be chosen. */
export const TABLES: Names = namesOf("sojourn_sessions");

/** The object's SQL, which keeps what it has compiled by its text, in the form that the statements of every store ask for. */
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

/** The object's SQL with the tables in it. */
export function prepareStorage({ storage }: ObjectState): ObjectSql {
  const sql = sqlOf(storage);
  storage.transactionSync(() => {
    for (const statement of tableStatements(TABLES)) sql.exec(statement);
  });
  const [row] = sql.exec(`SELECT value FROM ${TABLES.meta} WHERE name = 'layout'`).toArray() as { value: number }[];
  if (row?.value === LAYOUT) return sql;
  throw new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `The object has tables of layout ${row?.value}, this release of Sojourn reads layout ${LAYOUT}: use the release that wrote it.`,
  );
}

/** Throws for a class that was declared without SQLite. */
function sqlOf(storage: ObjectState["storage"]): ObjectSql {
  try {
    storage.sql.exec("SELECT 1");
    return storage.sql;
  } catch (error) {
    throw new SessionError(
      "SOJOURN_INVALID_OPTION",
      'The Durable Object has no SQL storage: declare its class under "new_sqlite_classes" in the migration, not "new_classes".',
      error,
    );
  }
}
