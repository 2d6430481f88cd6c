import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { firstVersion } from "../parts/version.ts";
import type { UpdateResult } from "../store.ts";
import type { MysqlValue } from "./client.ts";
import type { Work } from "./connections.ts";
import { isDuplicate } from "./faults.ts";
import type { Integer, Row } from "./row.ts";
import { isKey, toRecord, valuesOf, versionOf } from "./row.ts";
import type { Statements } from "./statements.ts";
import type { Session } from "./transaction.ts";

/** The five verbs. Each is one statement where it succeeds; a second one says why it did not. */

const nothing = <T>(answer: T): Work<T> => {
  return async () => answer;
};

export function get(sql: Statements, key: SessionKey, clock: Clock): Work<StoredRecord | null> {
  if (!isKey(key)) return nothing(null);
  return async (session) => {
    const [row] = await session.rows<Row>(sql.get, key, clock());
    return row ? toRecord(row) : null;
  };
}

/**
 * Inserts, or replaces what has expired; null where neither could be done. The server has no INSERT that replaces
 * under a condition, so an expired record is found by the duplicate key and replaced by a second statement.
 */
export async function insert(
  sql: Statements,
  session: Session,
  key: SessionKey,
  values: readonly MysqlValue[],
  now: number,
): Promise<Version | null> {
  const version = firstVersion();
  try {
    await session.change(sql.insert, ...values, version, key);
    return version;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
  return (await session.change(sql.replaceExpired, ...values, version, key, now)) === 1 ? version : null;
}

/** How often a key may come and go between two statements before something else must be wrong. */
const TURNS = 16;

function busy(): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", `A session came and went ${TURNS} times within one call.`);
}

export function create(sql: Statements, key: SessionKey, record: SessionRecord, clock: Clock): Work<Version | null> {
  if (!isKey(key)) return nothing(null);
  const values = valuesOf(record);
  return async (session) => {
    const now = clock();
    for (let turn = 0; turn < TURNS; turn++) {
      const version = await insert(sql, session, key, values, now);
      if (version !== null || (await session.rows(sql.times, key, now)).length > 0) return version;
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
  const values = valuesOf(record);
  const version = versionOf(expected);
  return async (session) => {
    const now = clock();
    if ((await session.change(sql.update, ...values, key, version, now)) === 1) {
      return { status: "ok", version: version + 1 };
    }
    const [row] = await session.rows<Row>(sql.get, key, now);
    return row ? { status: "conflict", current: toRecord(row) } : { status: "gone" };
  };
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
  return async (session) => {
    const now = clock();
    for (let turn = 0; turn < TURNS; turn++) {
      if ((await session.change(sql.touch, seen, expires, key, now)) === 1) return true;
      // Without the flag FOUND_ROWS, a row that had nothing to change is not counted.
      const [row] = await session.rows<Times>(sql.times, key, now);
      if (!row) return false;
      if (Number(row.seen_at) >= seen && Number(row.expires_at) >= expires) return true;
      // It was created between the two.
    }
    throw busy();
  };
}

export function remove(sql: Statements, key: SessionKey, clock: Clock): Work<boolean> {
  if (!isKey(key)) return nothing(false);
  return async (session) => {
    const now = clock();
    if ((await session.change(sql.deleteLive, key, now)) === 1) return true;
    // An expired one goes too: a clock that steps back must not show it again.
    await session.change(sql.deleteExpiredKey, key, now);
    return false;
  };
}
