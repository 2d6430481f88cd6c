/**
 * How a record goes into the parameters of a statement and comes out of a row, and the versions that are made and
 * known.
 */
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { fromText, toText } from "../parts/text.ts";
import type { Entry } from "../store.ts";

/** A row of an answer, as every client gives it. Numbers come as what the client makes of them. */
export type Row = Readonly<Record<string, unknown>>;

/** What is bound to a parameter. */
export type Value = string | number | boolean | null;

/** What stands in `facts` beside the row that it is about: the update fitted. */
export const DONE = "done";

/**
 * `facts` is version, createdAt, seenAt, expiresAt and, when there is one, the user, with spaces between: one column,
 * for what clients do with each column of each answer costs more than all the rest of the reading.
 *
 * Checked, for a client can be set up to rename columns or to turn text into something else: then no session
 * can be read, and an error says so, but none is read wrongly.
 */
export function toRecord({ payload, facts }: Row): StoredRecord {
  if (typeof payload !== "string" || typeof facts !== "string") throw otherColumns();
  const created = facts.indexOf(" ") + 1;
  const seen = facts.indexOf(" ", created) + 1;
  const expires = facts.indexOf(" ", seen) + 1;
  const last = facts.indexOf(" ", expires);
  const end = last === -1 ? facts.length : last;
  const expiresAt = toMs(facts.slice(expires, end));
  if (created < 2 || seen <= created || expires <= seen || end === expires || Number.isNaN(expiresAt))
    throw otherColumns();
  return {
    payload: fromText(payload),
    userId: last === -1 ? undefined : fromText(facts.slice(last + 1)),
    createdAt: toMs(facts.slice(created, seen - 1)),
    seenAt: toMs(facts.slice(seen, expires - 1)),
    expiresAt,
    version: facts.slice(0, created - 1),
  };
}

function otherColumns(): TypeError {
  return new TypeError("The PostgreSQL client answers with other columns or types than were asked for.");
}

/** Rounded: a float8 of milliseconds is exact to far less than half of one. */
function toMs(value: string): number {
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

/** Asking for random bytes costs as much for a thousand as for eight. */
const pool = new Uint32Array(512);
let used: number = pool.length;

/** 61 random bits as a number in text: a version that no write has had or will have, in this row or another. */
export function freshVersion(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const [high = 0, low = 0] = [pool[used], pool[used + 1]];
  used += 2;
  // The first digits of the largest bigint, and ten more.
  return `${(high % 922_337_202) + 1}${String(low).padStart(10, "0")}`;
}

/** What a caller presents as a version; -1, which no row has, for what was never one. */
export function knownVersion(version: Version): string {
  const text = String(version);
  return /^\d{1,18}$/.test(text) || (/^\d{19}$/.test(text) && text <= "9223372036854775807") ? text : "-1";
}
