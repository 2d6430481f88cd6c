import { tableOf } from "../../sql/options.ts";
import type { Names } from "../../sql/sqlite-schema.ts";
import { namesOf, SQLITE_NAMES, stepStatements } from "../../sql/sqlite-schema.ts";
import type { RecordTexts } from "../../sql/sqlite-statements.ts";
import { insertText, recordTexts } from "../../sql/sqlite-statements.ts";

/**
 * The statements of D1. A batch is one transaction, but nothing can be decided between its statements: whether a
 * login is admitted is in the WHERE of the statements that do it.
 */
export interface Texts extends RecordTexts {
  /** Those of `keysOfUser` and `keysOfAll`, with their parameters. */
  readonly deleteOfUser: string;
  readonly deleteOfAll: string;
  /** Parameters: user, now, user, now, limit; user, epoch; key, now. */
  readonly evict: string;
  /** Parameters of a row; user, epoch; now. */
  readonly admit: string;
  /** Parameters of a row; user, epoch; user, now, limit; now. */
  readonly admitBelow: string;
}

export function textsOf(names: Names): Texts {
  const { sessions, epochs, meta } = names;
  const texts = recordTexts(names);
  const row = "SELECT ?, ?, ?, ?, ?, ?, ?";
  const epochIs = `(SELECT value FROM ${meta} WHERE name = 'epoch') || '.' ||
    coalesce((SELECT epoch FROM ${epochs} WHERE user_id = ?), 0) = ?`;
  return {
    ...texts,
    deleteOfUser: `DELETE FROM ${sessions} WHERE key IN (${texts.keysOfUser}) RETURNING key`,
    deleteOfAll: `DELETE FROM ${sessions} WHERE key IN (${texts.keysOfAll}) RETURNING key`,
    evict: `DELETE FROM ${sessions} WHERE key IN
      (SELECT key FROM ${sessions} WHERE user_id = ? AND expires_at > ? ORDER BY created_at, key
        LIMIT max(0, (${texts.countOfUser}) + 1 - ?))
      AND ${epochIs} AND NOT EXISTS (${texts.select}) RETURNING key`,
    admit: insertText(names, `${row} WHERE ${epochIs}`),
    admitBelow: insertText(names, `${row} WHERE ${epochIs} AND (${texts.countOfUser}) + 1 <= ?`),
  };
}

/** The SQL that makes the tables, to be run by an operator: `npx sojourn schema d1`. */
export function schemaScript({ table }: { readonly table?: string | undefined } = {}): string {
  return stepStatements(namesOf(tableOf(table, SQLITE_NAMES)))
    .map((sql) => `${sql};`)
    .join("\n");
}
