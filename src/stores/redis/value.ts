/**
 * The string that a record is stored as, written and read, and the versions that go into it. The scripts know the same
 * columns.
 */
import type { SessionRecord, StoredRecord, Version } from "../../record.ts";
import { firstVersion } from "../parts/version.ts";
import { userIdOf, userName } from "./layout.ts";

/**
 * A record is one string: five numbers in columns of fixed width, the user's name, the payload. So reading is a
 * plain GET, a touch overwrites 32 bytes in place, and scripts look at the beginning only. A hash of
 * fields would take about twice the memory as soon as the payload is longer than 64 bytes.
 *
 * | bytes | |
 * |---|---|
 * | 0–15 | version |
 * | 16–31 | seenAt |
 * | 32–47 | expiresAt |
 * | 48–63 | createdAt |
 * | 64–71 | length of the user's name, 0 for an anonymous session |
 *
 * A value that begins with "x" is a tombstone: the key is taken, and nobody's.
 */
const HEADER = 72;

/** The furthest that a Date reaches: 16 characters. */
const LAST = 8_640_000_000_000_000;

export function column(instant: number): string {
  const whole = Math.trunc(Math.min(Math.max(instant, -LAST / 10), LAST));
  return String(whole).padStart(16, " ");
}

let last: number | undefined;

/**
 * The version that a write makes: another for each of this process, from a random start. So a write that a client sends
 * again, because the answer to the first was lost, finds its own version and knows that it is done.
 */
export function nextVersion(): number {
  // Not where the module begins: Workers have no random numbers there.
  last = last === undefined || last === Number.MAX_SAFE_INTEGER ? firstVersion() : last + 1;
  return last;
}

/** As a version is written in its column; a made-up one, which may be too long for it, is no record's. */
export function versionColumn(version: Version): string {
  const text = String(version);
  return (/^\d{1,16}$/.test(text) ? text : "?").padStart(16, " ");
}

export function encode(record: SessionRecord, version: number): string {
  const user = record.userId === undefined ? "" : userName(record.userId);
  const times = column(record.seenAt) + column(record.expiresAt) + column(record.createdAt);
  return `${versionColumn(version)}${times}${String(user.length).padStart(8, " ")}${user}${record.payload}`;
}

/** Null for a tombstone, for what is no record, and for one that expired. */
export function decode(value: string | null | undefined, now: number): StoredRecord | null {
  if (typeof value !== "string" || value.length < HEADER || value.startsWith("x")) return null;
  const at = (from: number, to = from + 16): number => Number(value.slice(from, to));
  const expiresAt = at(32);
  if (!(expiresAt > now)) return null;
  const end = HEADER + at(64, HEADER);
  return {
    payload: value.slice(end),
    userId: end === HEADER ? undefined : userIdOf(value.slice(HEADER, end)),
    createdAt: at(48),
    seenAt: at(16),
    expiresAt,
    version: at(0),
  };
}
