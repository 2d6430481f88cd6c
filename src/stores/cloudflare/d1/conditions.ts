/**
 * What a write depends on, as parts of a WHERE. A batch of D1 is one transaction, but nothing can be decided between
 * its statements: whether a login is admitted is in the WHERE of each statement that would do a part of it.
 */
import type { Version } from "../../../record.ts";
import type { Names } from "../../sql/sqlite-schema.ts";
import { EVERYBODY, recordTexts, type SqliteValue } from "../../sql/sqlite-statements.ts";
import type { Epoch } from "../../store.ts";

export interface Condition {
  readonly text: string;
  readonly values: readonly SqliteValue[];
}

/** Keys and users are given as they are in their columns. */
export interface Conditions {
  epochIs(user: string, epoch: Epoch): Condition;
  /** Neither the user nor everybody was revoked at a later instant. */
  notRevokedSince(user: string, since: number): Condition;
  isLive(key: string, version: Version, now: number): Condition;
  isFree(key: string, now: number): Condition;
  /** The user has fewer live sessions than so many, not counting `instead`. */
  hasRoom(user: string, limit: number, now: number, instead: string): Condition;
  isOwnedBy(key: string, user: string, now: number): Condition;
  /** Whether an earlier statement of the same batch has inserted it. */
  isInserted(key: string, version: Version): Condition;
}

export function conditionsOf(names: Names): Conditions {
  const { sessions, epochs, revoked, meta } = names;
  const texts = recordTexts(names);
  const condition = (text: string, ...values: readonly SqliteValue[]): Condition => ({ text, values });
  return {
    epochIs: (user, epoch) =>
      condition(
        `(SELECT value FROM ${meta} WHERE name = 'epoch') || '.' ||
          coalesce((SELECT epoch FROM ${epochs} WHERE user_id = ?), 0) = ?`,
        user,
        epoch,
      ),
    notRevokedSince: (user, since) =>
      condition(
        `NOT EXISTS (SELECT 1 FROM ${revoked} WHERE user_id IN (?, ?) AND at > ?)`,
        ...[user, EVERYBODY, since],
      ),
    isLive: (key, version, now) =>
      condition(
        `EXISTS (SELECT 1 FROM ${sessions} WHERE key = ? AND version = ? AND expires_at > ?)`,
        ...[key, version, now],
      ),
    isFree: (key, now) => condition(`NOT EXISTS (${texts.select})`, key, now),
    hasRoom: (user, limit, now, instead) =>
      condition(`(${texts.countOfUser}) + 1 <= ?`, ...[user, now, instead, limit]),
    isOwnedBy: (key, user, now) => condition(`EXISTS (${texts.ownedBy})`, ...[key, user, now]),
    isInserted: (key, version) =>
      condition(`EXISTS (SELECT 1 FROM ${sessions} WHERE key = ? AND version = ?)`, ...[key, version]),
  };
}

/** All of them; none is always true. */
export function every(conditions: readonly (Condition | undefined)[]): Condition {
  const given = conditions.filter((each) => each !== undefined);
  if (given.length === 0) return { text: "true", values: [] };
  return { text: given.map(({ text }) => text).join(" AND "), values: given.flatMap(({ values }) => values) };
}
