import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { fromText, toText } from "../sql/text.ts";
import type { Entry } from "../store.ts";

/** A row of an answer, as every client gives it. Numbers come as what the client makes of them. */
export type Row = Readonly<Record<string, unknown>>;

/** What is bound to a parameter. */
export type Value = string | number | boolean | null;

/**
 * Checked, for a client can be set up to rename columns or to turn text into something else: then no session
 * can be read, and an error says so, but none is read wrongly.
 */
export function toRecord(row: Row): StoredRecord {
  const { payload, owner, created, seen, expires, version } = row;
  const [createdAt, seenAt, expiresAt] = [toMs(created), toMs(seen), toMs(expires)];
  const whole = typeof payload === "string" && typeof version === "string" && Number.isFinite(expiresAt);
  if (!whole || (owner !== null && typeof owner !== "string")) {
    throw new TypeError("The PostgreSQL client answers with other columns or types than were asked for.");
  }
  const userId = owner === null ? undefined : fromText(owner);
  return { payload: fromText(payload), userId, createdAt, seenAt, expiresAt, version };
}

/** Rounded: a float8 of milliseconds is exact to far less than half of one. */
function toMs(value: unknown): number {
  return Math.round(Number(value));
}

export function toEntry(row: Row): Entry {
  return { key: fromText(String(row.key)), record: toRecord(row) };
}

/** The parameters of an insert, in the order of the columns. */
export function valuesOf(key: SessionKey, version: Version, record: SessionRecord): Value[] {
  const { userId, payload, createdAt, seenAt, expiresAt } = record;
  const user = userId === undefined ? null : toText(userId);
  return [toText(key), String(version), createdAt, seenAt, expiresAt, user, toText(payload)];
}

/** 63 random bits as a number in text: a version that no write has had or will have, in this row or another. */
export function freshVersion(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return ((BigInt(high >>> 1) << 32n) | BigInt(low)).toString();
}

/** What a caller presents as a version; -1, which no row has, for what was never one. */
export function knownVersion(version: Version): string {
  const text = String(version);
  return /^\d{1,18}$/.test(text) || (/^\d{19}$/.test(text) && text <= "9223372036854775807") ? text : "-1";
}
