import type { Clock } from "../../clock.ts";
import type { SessionKey, SessionRecord, Version } from "../../record.ts";
import { fromText, NO_KEY, toText } from "../parts/text.ts";
import { firstVersion } from "../parts/version.ts";
import type { Admission, AdmitResult, Epoch, UpdateResult } from "../store.ts";
import type { Integer, Row } from "./sqlite-row.ts";
import { toRecord } from "./sqlite-row.ts";
import type { RecordStatements, SqliteStatement, SqliteValue } from "./sqlite-statements.ts";

/**
 * One write: synchronous statements, nothing else, for it may be run again when its transaction was rolled
 * back. Keys of sessions that it ended are pushed to `ended`.
 */
export type Write<T> = (sql: RecordStatements, ended: SessionKey[]) => T;

/**
 * The writes, each a function to run inside a transaction that holds the only write lock (`BEGIN IMMEDIATE` of a
 * file, a Durable Object's storage), so that what one of them reads cannot change before it has written, in any process.
 */

function changes(statement: SqliteStatement, ...values: SqliteValue[]): number {
  return Number((statement.run(...values) as { changes: Integer }).changes);
}

/** A record's columns, taken when the write is asked for: the caller's object may change before it runs. */
export interface Columns {
  readonly id: string;
  readonly user: string | null;
  readonly payload: string;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly expiresAt: number;
}

export function columnsOf(key: SessionKey, { userId, payload, createdAt, seenAt, expiresAt }: SessionRecord): Columns {
  const user = userId === undefined ? null : toText(userId);
  return { id: toText(key), user, payload: toText(payload), createdAt, seenAt, expiresAt };
}

function insert(sql: RecordStatements, row: Columns, now: number): Version | null {
  const version = firstVersion();
  const { id, user, payload, createdAt, seenAt, expiresAt } = row;
  const done = changes(sql.insert, id, user, payload, createdAt, seenAt, expiresAt, version, now);
  return done === 1 ? version : null;
}

export function create(key: SessionKey, record: SessionRecord, clock: Clock): Write<Version | null> {
  const row = columnsOf(key, record);
  return (sql) => insert(sql, row, clock());
}

export function update(key: SessionKey, record: SessionRecord, expected: Version, clock: Clock): Write<UpdateResult> {
  const { id, user, payload, createdAt, seenAt, expiresAt } = columnsOf(key, record);
  return (sql) => {
    const now = clock();
    const ok = { status: "ok", version: Number(expected) + 1 } as const;
    if (changes(sql.update, payload, seenAt, expiresAt, id, expected, now, createdAt, user) === 1) return ok;
    if (changes(sql.updateAll, payload, seenAt, expiresAt, createdAt, user, id, expected, now) === 1) return ok;
    const row = sql.select.get(id, now) as Omit<Row, "key"> | null | undefined;
    return row ? { status: "conflict", current: toRecord(row) } : { status: "gone" };
  };
}

export function touch(key: SessionKey, seenAt: number, expiresAt: number, clock: Clock): Write<boolean> {
  return (sql) => changes(sql.touch, seenAt, expiresAt, toText(key), clock()) === 1;
}

export function remove(key: SessionKey, clock: Clock): Write<boolean> {
  return (sql, ended) => {
    const id = toText(key);
    const live = changes(sql.deleteLive, id, clock()) === 1;
    // An expired one goes too: a clock that steps back must not show it again.
    if (!live) changes(sql.deleteAny, id);
    else ended.push(key);
    return live;
  };
}

/** What the statement `epoch` finds. */
export interface EpochRow {
  readonly everybody: Integer;
  readonly own: Integer | null;
}

export function toEpoch({ everybody, own }: EpochRow): Epoch {
  return `${everybody}.${own ?? 0}`;
}

export function epochOf(sql: RecordStatements, userId: string): Epoch {
  return toEpoch(sql.epoch.get(toText(userId)) as EpochRow);
}

export function admit(
  key: SessionKey,
  record: SessionRecord & { readonly userId: string },
  admission: Admission,
  clock: Clock,
): Write<AdmitResult> {
  const { epoch, limit = Number.POSITIVE_INFINITY, onLimit = "evict-oldest" } = admission;
  const { userId } = record;
  const row = columnsOf(key, record);
  return (sql, ended) => {
    const now = clock();
    if (epochOf(sql, userId) !== epoch) return { status: "revoked" };
    if (sql.select.get(row.id, now)) return { status: "exists" };
    const { count } = sql.countOfUser.get(row.user, now) as { count: Integer };
    const surplus = Math.ceil(Number(count) + 1 - limit);
    if (surplus > 0 && onLimit === "reject") return { status: "limit" };
    const evicted = surplus > 0 ? end(sql, sql.keysOfUser.all(row.user, now, NO_KEY, surplus), ended) : [];
    const version = insert(sql, row, now);
    return version === null ? { status: "exists" } : { status: "ok", version, evicted };
  };
}

/** Deletes the rows that a listing of keys found. */
export function end(sql: RecordStatements, rows: readonly unknown[], ended: SessionKey[]): readonly SessionKey[] {
  const ids = (rows as readonly Pick<Row, "key">[]).map((row) => row.key);
  if (ids.length > 0) changes(sql.deleteKeys, JSON.stringify(ids));
  const keys = ids.map(fromText);
  ended.push(...keys);
  return keys;
}

export function deleteAll(
  userId: string,
  except: SessionKey | undefined,
  limit: number,
  clock: Clock,
): Write<readonly SessionKey[]> {
  return (sql, ended) => {
    const user = toText(userId);
    sql.moveEpoch.run(user);
    return end(sql, sql.keysOfUser.all(user, clock(), except === undefined ? NO_KEY : toText(except), limit), ended);
  };
}

export function clear(limit: number, clock: Clock): Write<readonly SessionKey[]> {
  return (sql, ended) => {
    sql.moveEverybody.run();
    return end(sql, sql.keysOfAll.all(clock(), limit), ended);
  };
}

export function deleteExpired(limit: number, clock: Clock): Write<number> {
  return (sql) => changes(sql.deleteExpired, clock(), limit);
}
