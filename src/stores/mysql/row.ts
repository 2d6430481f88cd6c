/**
 * The columns of the sessions table: how keys, users and records go into them and come out again. Users and payloads
 * are bytes there.
 */
import { invalidOption } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord } from "../../record.ts";
import { fromText, toText } from "../parts/text.ts";
import type { Entry } from "../store.ts";
import type { MysqlValue } from "./client.ts";

/** An integer column: a string or bigint where the application has set its driver so. */
export type Integer = number | bigint | string;

/** A row of the sessions table. */
export interface Row {
  readonly session_key: SessionKey;
  readonly user_id: Uint8Array | null;
  readonly payload: Uint8Array;
  readonly created_at: Integer;
  readonly seen_at: Integer;
  readonly expires_at: Integer;
  readonly version: Integer;
}

/**
 * Bytes of a user id, as `user_id` holds them: room for the 255 characters that a login may give. Strict mode may be
 * off, and the server would then cut a longer one.
 */
const LONGEST_USER = 768;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Text as bytes: `Buffer`, for mysql2 binds other bytes as text. Half of a surrogate pair is escaped, or two users
 * could become one.
 */
function bytesOf(text: string): Uint8Array {
  return Buffer.from(toText(text), "utf8");
}

function textOf(bytes: Uint8Array): string {
  return fromText(decoder.decode(bytes));
}

/** Undefined for an id that no session can have. */
export function knownUser(userId: string): Uint8Array | undefined {
  const bytes = bytesOf(userId);
  return bytes.length <= LONGEST_USER ? bytes : undefined;
}

export function userBytes(userId: string): Uint8Array {
  const bytes = knownUser(userId);
  if (bytes) return bytes;
  throw invalidOption("userId", userId, `at most ${LONGEST_USER} bytes of UTF-8`);
}

/**
 * Whether there can be a session with this key. Sojourn's keys are 43 characters of base64url; the column takes what is
 * visible in ASCII, and whatever else comes in from outside is the key of nothing.
 */
export function isKey(key: SessionKey): boolean {
  return typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key);
}

/** What was answered as a version, as the column has it; for anything else one that no row has. */
export function versionOf(version: string | number): number {
  const number = version === "" ? -1 : Number(version);
  return Number.isSafeInteger(number) ? number : -1;
}

/** The columns that every write sets, in the order of WRITTEN: user, payload and the three times. */
export function valuesOf({ userId, payload, createdAt, seenAt, expiresAt }: SessionRecord): MysqlValue[] {
  const user = userId === undefined ? null : userBytes(userId);
  return [user, bytesOf(payload), Math.floor(createdAt), Math.floor(seenAt), Math.floor(expiresAt)];
}

export function toRecord(row: Row): StoredRecord {
  return {
    payload: textOf(row.payload),
    userId: row.user_id === null ? undefined : textOf(row.user_id),
    createdAt: Number(row.created_at),
    seenAt: Number(row.seen_at),
    expiresAt: Number(row.expires_at),
    version: Number(row.version),
  };
}

export function toEntry(row: Row): Entry {
  return { key: row.session_key, record: toRecord(row) };
}
