import type { SqliteDatabase, SqliteValue } from "../../../src/stores/sqlite.ts";

/** A real database behind a tap: every statement that runs is noted, and can be made to fail. */
export interface Tapped extends SqliteDatabase {
  readonly seen: string[];
  fail: ((sql: string, values: readonly SqliteValue[]) => Error | undefined) | undefined;
}

export function tapped(inner: SqliteDatabase): Tapped {
  const note = (sql: string, values: readonly SqliteValue[]): void => {
    tap.seen.push(sql);
    const error = tap.fail?.(sql, values);
    if (error) throw error;
  };
  const tap: Tapped = {
    seen: [],
    fail: undefined,
    exec: (sql) => {
      note(sql, []);
      return inner.exec(sql);
    },
    prepare: (sql) => {
      const statement = inner.prepare(sql);
      const through =
        <T>(call: (...values: SqliteValue[]) => T) =>
        (...values: SqliteValue[]): T => {
          note(sql, values);
          return call.apply(statement, values);
        };
      return { run: through(statement.run), get: through(statement.get), all: through(statement.all) };
    },
    close: () => inner.close(),
  };
  return tap;
}
