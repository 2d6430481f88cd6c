/** For `health` of a store that does all of it in one transaction or batch. */
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord } from "../../record.ts";
import { freshMark } from "../parts/version.ts";

/**
 * A record of a store's own, for `health`: under a key that no session has, nobody's, and gone in a minute by itself.
 */
export interface Probe {
  readonly key: SessionKey;
  readonly record: SessionRecord;
}

/** So long that it takes pages of its own in most databases: one that is full has no room for it. */
const PAYLOAD = "x".repeat(8192);

export function probeAt(now: number): Probe {
  const record = { payload: PAYLOAD, createdAt: now, seenAt: now, expiresAt: now + 60_000 };
  return { key: `health ${freshMark()}`, record };
}

/** @param store The store's name. */
export function probeLost(store: string): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", `The ${store} store does not give back what was written to it.`);
}
