import type { SessionKey, StoredRecord } from "../../record.ts";
import type { Entry } from "../store.ts";

/** An integer column: a bigint where the application has set its driver so. */
export type Integer = number | bigint;

/** A row of the sessions table, as every driver gives it. */
export interface Row {
  readonly key: string;
  readonly user_id: string | null;
  readonly payload: string;
  readonly created_at: Integer;
  readonly seen_at: Integer;
  readonly expires_at: Integer;
  readonly version: Integer;
}

const ESCAPED = "\u0001";

/** With the flag `u` a whole pair is one character, and not of this category. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Text for a column. node:sqlite of Node 22 and libsql end a text at NUL when they read it, and no driver
 * keeps half of a surrogate pair; such text is written as JSON behind a mark, all other text as it is. The empty
 * text is marked as well, so that every key is greater than "", where a scan begins.
 */
export function toText(text: string): string {
  const plain = text !== "" && !text.startsWith(ESCAPED) && !text.includes("\0") && !LONE_SURROGATE.test(text);
  return plain ? text : ESCAPED + JSON.stringify(text);
}

/** Undoes `toText`. */
export function fromText(text: string): string {
  return text.startsWith(ESCAPED) ? (JSON.parse(text.slice(1)) as string) : text;
}

/** No key is written like this: what begins with the mark goes on with JSON. */
export const NO_KEY: SessionKey = ESCAPED;

export function toRecord(row: Row): StoredRecord {
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
