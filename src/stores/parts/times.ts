/**
 * The times of a record that is written over, where a touch may have come since it was read.
 */
import type { SessionRecord } from "../../record.ts";

/**
 * What is written over a record. A touch leaves the version alone, so one may have come since the write was prepared:
 * then the later `seenAt` stays, and so does the later of the two `expiresAt`.
 */
export function keepingTouch<R extends SessionRecord>(before: SessionRecord, next: R): R {
  if (next.seenAt >= before.seenAt) return next;
  return { ...next, seenAt: before.seenAt, expiresAt: Math.max(before.expiresAt, next.expiresAt) };
}
