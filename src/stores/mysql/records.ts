/**
 * The five verbs over a record. Each is one statement as a rule; where that does not succeed, a second one says why,
 * or sees to what has expired.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { firstVersion } from "../parts/version.ts";
import type { UpdateResult } from "../store.ts";
import type { MysqlValue } from "./client.ts";
import type { Work } from "./connections.ts";
import { isDuplicate, tooLarge } from "./faults.ts";
import type { Integer, Row } from "./row.ts";
import { isKey, toRecord, valuesOf, versionOf } from "./row.ts";
import type { Statements } from "./statements.ts";
import type { Transaction } from "./transaction.ts";

const nothing = <T>(answer: T): Work<T> => {
  return async () => answer;
};

export function get(sql: Statements, key: SessionKey, clock: Clock): Work<StoredRecord | null> {
  if (!isKey(key)) return nothing(null);
  return async (transaction) => {
    const [row] = await transaction.rows<Row>(sql.get, key, clock());
    return row ? toRecord(row) : null;
  };
}

/** Bytes of a payload that every server takes. */
const SMALL = 500_000;

/** Bytes of a statement besides the payload, and more. */
const REST = 4096;

/**
 * Refuses a record that the server would: it breaks the connection off in the middle of what is too long, and that
 * looks like an outage. Asked only for what is large, and each time, for an operator may have raised the limit.
 */
export async function checkSize(transaction: Transaction, values: readonly MysqlValue[]): Promise<void> {
  const payload = values[1];
  if (!(payload instanceof Uint8Array) || payload.length <= SMALL) return;
  const [row] = await transaction.rows<{ most: Integer }>("SELECT @@max_allowed_packet AS most");
  if (payload.length + REST > Number(row?.most)) throw tooLarge(payload.length, Number(row?.most));
}

/**
 * Inserts, or replaces what has expired; null where neither could be done. The server has no INSERT that replaces
 * under a condition, so an expired record is found by the duplicate key and replaced by a second statement.
 */
export async function insert(
  sql: Statements,
  transaction: Transaction,
  key: SessionKey,
  values: readonly MysqlValue[],
  now: number,
): Promise<Version | null> {
  const version = firstVersion();
  await checkSize(transaction, values);
  try {
    await transaction.change(sql.insert, ...values, version, key);
    return version;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
  return (await transaction.change(sql.replaceExpired, ...values, version, key, now)) === 1 ? version : null;
}

/** How often a key may come and go between two statements before something else must be wrong. */
const TURNS = 16;

function busy(): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", `A session came and went ${TURNS} times within one call.`);
}

export function create(sql: Statements, key: SessionKey, record: SessionRecord, clock: Clock): Work<Version | null> {
  if (!isKey(key)) return nothing(null);
  const values = valuesOf(record);
  return async (transaction) => {
    const now = clock();
    for (let turn = 0; turn < TURNS; turn++) {
      const version = await insert(sql, transaction, key, values, now);
      if (version !== null || (await transaction.rows(sql.times, key, now)).length > 0) return version;
      // It was swept or ended between the two.
    }
    throw busy();
  };
}

export function update(
  sql: Statements,
  key: SessionKey,
  record: SessionRecord,
  expected: Version,
  clock: Clock,
): Work<UpdateResult> {
  if (!isKey(key)) return nothing({ status: "gone" });
  const change = changeOf(key, record, expected);
  return (transaction) => overwrite(sql, transaction, change, clock());
}

/** What an update binds, made before the work that may be run again. */
export interface Change {
  readonly key: SessionKey;
  readonly version: number;
  readonly values: readonly MysqlValue[];
}

export function changeOf(key: SessionKey, record: SessionRecord, expected: Version): Change {
  const [user, payload, created, seen, expires] = valuesOf(record);
  const version = versionOf(expected);
  const values = [user, payload, created, seen, expires, expires, seen, key, version] as MysqlValue[];
  return { key, version, values };
}

export async function overwrite(
  sql: Statements,
  transaction: Transaction,
  { key, version, values }: Change,
  now: number,
): Promise<UpdateResult> {
  await checkSize(transaction, values);
  if ((await transaction.change(sql.update, ...values, now)) === 1) return { status: "ok", version: version + 1 };
  const [row] = await transaction.rows<Row>(sql.get, key, now);
  return row ? { status: "conflict", current: toRecord(row) } : { status: "gone" };
}

interface Times {
  readonly seen_at: Integer;
  readonly expires_at: Integer;
}

export function touch(
  sql: Statements,
  key: SessionKey,
  seenAt: number,
  expiresAt: number,
  clock: Clock,
): Work<boolean> {
  if (!isKey(key)) return nothing(false);
  const [seen, expires] = [Math.floor(seenAt), Math.floor(expiresAt)];
  return async (transaction) => {
    const now = clock();
    for (let turn = 0; turn < TURNS; turn++) {
      if ((await transaction.change(sql.touch, seen, expires, key, now)) === 1) return true;
      // Without the flag FOUND_ROWS, a row that had nothing to change is not counted.
      const [row] = await transaction.rows<Times>(sql.times, key, now);
      if (!row) return false;
      if (Number(row.seen_at) >= seen && Number(row.expires_at) >= expires) return true;
      // It was created between the two.
    }
    throw busy();
  };
}

export function remove(sql: Statements, key: SessionKey, clock: Clock): Work<boolean> {
  if (!isKey(key)) return nothing(false);
  return async (transaction) => {
    const now = clock();
    if ((await transaction.change(sql.deleteLive, key, now)) === 1) return true;
    // An expired one goes too: a clock that steps back must not show it again.
    await transaction.change(sql.deleteExpiredKey, key, now);
    return false;
  };
}
