/**
 * The check before an insert into the table: no revocation since the login began, no live record under the key, and
 * room under the user's limit.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";
import type { Admission, AdmitResult } from "../store.ts";
import { NONE } from "./columns.ts";
import type { Epochs } from "./epochs.ts";
import type { Table } from "./table.ts";

/** A record that wants in. */
interface Candidate {
  readonly key: SessionKey;
  readonly record: SessionRecord;
  readonly now: number;
  /** Absent: only the key must be free. */
  readonly admission: Admission | undefined;
  /** The slot of the record that this one replaces, which does not count for the limit. */
  readonly instead?: number | undefined;
}

/** What keeps a record out, if anything does. `over` is filled with the slots that have to go for it. */
export function keepsOut(
  table: Table,
  epochs: Epochs,
  { key, record: { userId }, now, admission, instead = NONE }: Candidate,
  over: number[],
): Exclude<AdmitResult, { status: "ok" }> | undefined {
  const subject = userId === undefined ? undefined : admission;
  if (subject && epochs.isRevoked(userId as string, subject)) return { status: "revoked" };
  if (table.live(key, now) !== NONE) return { status: "exists" };
  const { limit = Number.POSITIVE_INFINITY, onLimit = "evict-oldest" } = subject ?? {};
  if (limit === Number.POSITIVE_INFINITY) return undefined;
  for (const slot of table.usersSlots(userId as string))
    if (slot !== instead && table.isLive(slot, now)) over.push(slot);
  over.length = Math.max(0, over.length + 1 - Math.max(1, limit));
  return over.length > 0 && onLimit === "reject" ? { status: "limit" } : undefined;
}
