/**
 * The SQL of the D1 store, beyond what `src/stores/sql` has for every SQLite, and the script that makes its tables.
 */
import type { Version } from "../../../record.ts";
import { tableOf } from "../../sql/options.ts";
import type { Names } from "../../sql/sqlite-schema.ts";
import { namesOf, SQLITE_NAMES, stepStatements } from "../../sql/sqlite-schema.ts";
import type { RecordTexts, SqliteValue } from "../../sql/sqlite-statements.ts";
import { insertText, moveEpochText, recordTexts, revokeText } from "../../sql/sqlite-statements.ts";
import { type Columns, changedOf } from "../../sql/sqlite-writes.ts";
import type { Condition, Conditions } from "./conditions.ts";
import { conditionsOf } from "./conditions.ts";
import type { Bound } from "./database.ts";

/** The statements of D1: those of every SQLite, and those that do something on a condition. */
export interface Texts extends RecordTexts {
  readonly when: Conditions;
  insertIf(row: readonly SqliteValue[], condition: Condition, now: number): Bound;
  /** Ends the oldest of a user that are too many for one more, but for `instead`; gives their keys. */
  evictIf(user: string, limit: number, now: number, instead: string, condition: Condition): Bound;
  updateIf(row: Columns, expected: Version, now: number, condition: Condition): Bound;
  moveEpochIf(user: string, condition: Condition): Bound;
  revokeIf(user: string, at: number, condition: Condition): Bound;
  /** Ends a user's sessions but `spared`; gives their keys. */
  deleteOfUserIf(user: string, now: number, spared: string, limit: number, condition: Condition): Bound;
  /** Parameters: now, limit. */
  readonly deleteOfAll: string;
}

export function textsOf(names: Names): Texts {
  const { sessions } = names;
  const texts = recordTexts(names);
  return {
    ...texts,
    when: conditionsOf(names),
    insertIf: (row, { text, values }, now) => [
      insertText(names, `SELECT ?, ?, ?, ?, ?, ?, ? WHERE ${text}`),
      ...[...row, ...values, now],
    ],
    evictIf: (user, limit, now, instead, { text, values }) => [
      `DELETE FROM ${sessions} WHERE key IN
        (SELECT key FROM ${sessions} WHERE user_id = ? AND expires_at > ? AND key <> ? ORDER BY created_at, key
          LIMIT max(0, (${texts.countOfUser}) + 1 - ?))
        AND ${text} RETURNING key`,
      ...[user, now, instead, user, now, instead, limit, ...values],
    ],
    updateIf: (row, expected, now, { text, values }) => [
      `${texts.updateAll} AND ${text}`,
      ...[...changedOf(row), row.createdAt, row.user, row.id, expected, now, ...values],
    ],
    moveEpochIf: (user, { text, values }) => [moveEpochText(names, `SELECT ?, 1 WHERE ${text}`), user, ...values],
    revokeIf: (user, at, { text, values }) => [revokeText(names, `SELECT ?, ? WHERE ${text}`), user, at, ...values],
    deleteOfUserIf: (user, now, spared, limit, { text, values }) => [
      `DELETE FROM ${sessions} WHERE key IN (${texts.keysOfUser}) AND ${text} RETURNING key`,
      ...[user, now, spared, limit, ...values],
    ],
    deleteOfAll: `DELETE FROM ${sessions} WHERE key IN (${texts.keysOfAll}) RETURNING key`,
  };
}

/** The SQL that makes the tables, to be run by an operator: `npx sojourn schema d1`. */
export function schemaScript({ table }: { readonly table?: string | undefined } = {}): string {
  return stepStatements(namesOf(tableOf(table, SQLITE_NAMES)))
    .map((sql) => `${sql};`)
    .join("\n");
}
