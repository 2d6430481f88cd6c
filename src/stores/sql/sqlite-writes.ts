/**
 * The writes, each a function to run inside a transaction that holds the only write lock (`BEGIN IMMEDIATE` of a file,
 * a Durable Object's storage), so that what one of them reads cannot change before it has written, in any process.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { toText } from "../parts/text.ts";
import { firstVersion } from "../parts/version.ts";
import type { UpdateResult } from "../store.ts";
import { probeAt, probeLost } from "./probe.ts";
import type { Integer, Row } from "./sqlite-row.ts";
import { toRecord } from "./sqlite-row.ts";
import type { RecordStatements, SqliteStatement, SqliteValue } from "./sqlite-statements.ts";

/**
 * One write: synchronous statements, nothing else, for it may be run again when its transaction was rolled
 * back. Keys of sessions that it ended are pushed to `ended`.
 */
export type Write<T> = (sql: RecordStatements, ended: SessionKey[]) => T;

export function changes(statement: SqliteStatement, ...values: SqliteValue[]): number {
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

/** What the first part of an update sets, in the order of its parameters. */
export function changedOf({ payload, seenAt, expiresAt }: Columns): readonly SqliteValue[] {
  return [payload, seenAt, seenAt, expiresAt, expiresAt];
}

/** The live record under a key, as it is in its column. */
export function find(sql: RecordStatements, id: string, now: number): StoredRecord | undefined {
  const row = sql.select.get(id, now) as Omit<Row, "key"> | null | undefined;
  return row ? toRecord(row) : undefined;
}

export function insert(sql: RecordStatements, row: Columns, now: number): Version | null {
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
  const row = columnsOf(key, record);
  const { id, user, createdAt } = row;
  return (sql) => {
    const now = clock();
    const ok = { status: "ok", version: Number(expected) + 1 } as const;
    if (changes(sql.update, ...changedOf(row), id, expected, now, createdAt, user) === 1) return ok;
    if (changes(sql.updateAll, ...changedOf(row), createdAt, user, id, expected, now) === 1) return ok;
    const current = find(sql, id, now);
    return current ? { status: "conflict", current } : { status: "gone" };
  };
}

/** An update that is told as an end. */
export function end(key: SessionKey, record: SessionRecord, expected: Version, clock: Clock): Write<UpdateResult> {
  const write = update(key, record, expected, clock);
  return (sql, ended) => {
    const result = write(sql, ended);
    if (result.status === "ok") ended.push(key);
    return result;
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

export function deleteExpired(limit: number, clock: Clock): Write<number> {
  return (sql) => changes(sql.deleteExpired, clock(), limit);
}

/** For `health`: a record's whole way in one transaction. It is nobody's, and nobody is told of its end. */
export function probe(store: string, clock: Clock): Write<void> {
  return (sql) => {
    const now = clock();
    const { key, record } = probeAt(now);
    const row = columnsOf(key, record);
    insert(sql, row, now);
    const read = find(sql, row.id, now)?.payload === record.payload;
    if (changes(sql.deleteAny, row.id) !== 1 || !read) throw probeLost(store);
  };
}
