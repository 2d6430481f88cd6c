/**
 * How a row of the sessions table in SQLite becomes a record. How a record becomes its columns is in
 * `sqlite-writes.ts`.
 */
import type { StoredRecord } from "../../record.ts";
import { fromText } from "../parts/text.ts";
import type { Entry } from "../store.ts";

/** An integer column: a bigint where the application has set its driver so. */
export type Integer = number | bigint;

/** A row of the sessions table, as everything that speaks SQLite gives it. */
export interface Row {
  readonly key: string;
  readonly user_id: string | null;
  readonly payload: string;
  readonly created_at: Integer;
  readonly seen_at: Integer;
  readonly expires_at: Integer;
  readonly version: Integer;
}

export function toRecord(row: Omit<Row, "key">): StoredRecord {
  return {
    payload: fromText(row.payload),
    userId: row.user_id === null ? undefined : fromText(row.user_id),
    createdAt: Number(row.created_at),
    seenAt: Number(row.seen_at),
    expiresAt: Number(row.expires_at),
    version: Number(row.version),
  };
}

export function toEntry(row: Row): Entry {
  return { key: fromText(row.key), record: toRecord(row) };
}
