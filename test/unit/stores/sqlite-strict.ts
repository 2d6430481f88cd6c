/** libsql as strict as better-sqlite3: a statement that gives rows cannot be run, one that gives none cannot be asked for them. */
import type { SqliteDatabase, SqliteStatement } from "../../../src/stores/sqlite.ts";

export function strict(database: SqliteDatabase): SqliteDatabase {
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      const { reader } = statement as SqliteStatement & { readonly reader: boolean };
      const check = (asked: boolean): void => {
        if (asked && !reader) throw new TypeError("This statement does not return data. Use run() instead");
        if (!asked && reader)
          throw new TypeError("This statement returns data. Use get(), all(), or iterate() instead");
      };
      return {
        run: (...values) => {
          check(false);
          return statement.run(...values);
        },
        get: (...values) => {
          check(true);
          return statement.get(...values);
        },
        all: (...values) => {
          check(true);
          return statement.all(...values);
        },
      };
    },
  };
}
