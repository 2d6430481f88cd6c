/**
 * A record as an item of memcached: its value, written and read back, and the expiry that the server is given.
 */
import { SessionError } from "../../errors.ts";
import type { SessionRecord, StoredRecord } from "../../record.ts";
import { fromText, toText } from "../parts/text.ts";

/**
 * What an item holds: a line of JSON with all but the payload, and the payload. The version is in there because
 * memcached's own number changes with every write, a touch too. The key is in there so that an answer that was meant
 * for another request is noticed, and the length so that half an answer is.
 */
type Head = readonly [
  format: 1,
  key: string,
  version: string,
  createdAt: number,
  seenAt: number,
  expiresAt: number,
  length: number,
  userId?: string,
];

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function encode(key: string, record: SessionRecord, version: string): string {
  const { createdAt, seenAt, expiresAt, userId } = record;
  const payload = toText(record.payload);
  const head: Head = [
    1,
    key,
    version,
    createdAt,
    seenAt,
    expiresAt,
    payload.length,
    ...(userId === undefined ? [] : [userId]),
  ] as unknown as Head;
  return `${JSON.stringify(head)}\n${payload}`;
}

/** Throws when it is not what was written for this key: better a 503 than somebody else's session. */
export function decode(key: string, value: Uint8Array | string): StoredRecord {
  const text = typeof value === "string" ? value : decoder.decode(value);
  const end = text.indexOf("\n");
  const payload = text.slice(end + 1);
  const [format, itsKey, version, createdAt, seenAt, expiresAt, length, userId] = parse(
    text.slice(0, Math.max(end, 0)),
  );
  if (format !== 1 || itsKey !== key || length !== payload.length) throw strange();
  return { payload: fromText(payload), userId, createdAt, seenAt, expiresAt, version };
}

function parse(line: string): Head {
  try {
    const head: unknown = JSON.parse(line);
    if (Array.isArray(head)) return head as unknown as Head;
  } catch {
    // Told below.
  }
  throw strange();
}

function strange(): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    "memcached answered with an item that this store did not write for that key: give the store a prefix and a " +
      "client of its own.",
  );
}

/** Above this, memcached takes an expiry for seconds since 1970 and not from now. */
const LONGEST_RELATIVE = 30 * 86_400;

/** Beyond this it takes none: the item then stays until memory is short. */
const LAST = 0x7fff_ffff;

/**
 * The server counts whole seconds, by a clock of its own; what is late by a minute is absent by `expiresAt` all the
 * same.
 */
export const SLACK = 60;

/**
 * The expiry for the server, which only has to free memory: whether a record is live is judged by `expiresAt`. Relative
 * where that can be said, so that the server's clock may be wrong.
 */
export function exptimeOf(expiresAt: number, now: number): number {
  const seconds = Math.max(0, Math.ceil((expiresAt - now) / 1000)) + SLACK;
  if (seconds <= LONGEST_RELATIVE) return seconds;
  const instant = Math.ceil(Date.now() / 1000) + seconds;
  return instant <= LAST ? instant : 0;
}
