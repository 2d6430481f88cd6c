/**
 * The text in a slot: how a record is written into it, and what is believed when it is read.
 */
import type { SessionRecord, StoredRecord } from "../../record.ts";
import { fromText, toText } from "../parts/text.ts";

/**
 * A record as a slot holds it. `life` is one for each `create` and stays with every later write: a grave names the life
 * that ended, so that a late write of it is told apart from a new record under the same key.
 */
export interface Entry {
  readonly record: StoredRecord;
  readonly life: string;
}

/**
 * A line with all but the payload, then the payload. It begins with letters, so that no layer between (unstorage parses
 * what looks like JSON) takes it for anything but text. The slot's name is in it so that an answer that was meant for
 * another is noticed, and the length so that half of one is.
 */
type Head = readonly [
  slot: string,
  life: string,
  version: string,
  createdAt: number,
  seenAt: number,
  expiresAt: number,
  length: number,
  userId?: string,
];

const MARK = "sojourn1";

export function encode(slot: string, record: SessionRecord, version: string, life: string): string {
  const { createdAt, seenAt, expiresAt, userId } = record;
  const payload = toText(record.payload);
  const head: Head = [
    slot,
    life,
    version,
    createdAt,
    seenAt,
    expiresAt,
    payload.length,
    ...(userId === undefined ? ([] as const) : ([userId] as const)),
  ];
  return `${MARK}${JSON.stringify(head)}\n${payload}`;
}

/** Undefined for what is not, or not all of, what was written for this slot. */
export function decode(slot: string, text: string): Entry | undefined {
  const end = text.indexOf("\n");
  if (!text.startsWith(MARK) || end === -1) return undefined;
  const head = parse(text.slice(MARK.length, end));
  const payload = text.slice(end + 1);
  if (!head || head[0] !== slot || head[6] !== payload.length) return undefined;
  const [, life, version, createdAt, seenAt, expiresAt, , userId] = head;
  return { life, record: { payload: fromText(payload), userId, createdAt, seenAt, expiresAt, version } };
}

function parse(line: string): Head | undefined {
  try {
    const head: unknown = JSON.parse(line);
    return Array.isArray(head) ? (head as unknown as Head) : undefined;
  } catch {
    return undefined;
  }
}
