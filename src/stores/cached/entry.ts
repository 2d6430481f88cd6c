/**
 * The two kinds of record in a near store, copies of far records and tombstones, and how each is written and read.
 */
import type { SessionRecord, StoredRecord, Version } from "../../record.ts";

/** A copy of a far record in the near store. */
export interface Copy {
  readonly record: StoredRecord;
  /** When the question was asked that the record answers. */
  readonly asOf: number;
}

const COPY = "copy ";
const TOMBSTONE = "tombstone";

type Head = readonly [version: Version, expiresAt: number, asOf: number, userId: string | null];

/**
 * What stands in the near store for a far record: the far version, the far deadline and the user travel in front
 * of the payload, for the near store has a version and (here) a deadline of its own, and need not index users.
 */
export function writeCopy({ record, asOf }: Copy, maxStaleness: number): SessionRecord {
  const { version, userId, payload, createdAt, seenAt, expiresAt } = record;
  const head: Head = [version, expiresAt, asOf, userId ?? null];
  return {
    payload: `${COPY}${JSON.stringify(head)}\n${payload}`,
    createdAt,
    seenAt,
    expiresAt: Math.min(expiresAt, asOf + maxStaleness),
  };
}

/** The copy, or undefined for a tombstone and for what was not written by `writeCopy`. */
export function readCopy({ payload, createdAt, seenAt }: SessionRecord): Copy | undefined {
  const end = payload.indexOf("\n");
  if (end < 0 || !payload.startsWith(COPY)) return undefined;
  try {
    const [version, expiresAt, asOf, userId] = JSON.parse(payload.slice(COPY.length, end)) as Head;
    const record = {
      payload: payload.slice(end + 1),
      userId: userId ?? undefined,
      createdAt,
      seenAt,
      expiresAt,
      version,
    };
    return { record, asOf };
  } catch {
    return undefined;
  }
}

/** What stands in the near store for a session that was ended: nothing may be put in its place until it expires. */
export function tombstone(now: number, expiresAt: number): SessionRecord {
  return { payload: TOMBSTONE, createdAt: now, seenAt: now, expiresAt };
}

export function isTombstone(record: SessionRecord): boolean {
  return record.payload === TOMBSTONE;
}
