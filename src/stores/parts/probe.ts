/**
 * The health check of a store as the round trip of one record, through the verbs that a request uses.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { Store } from "../store.ts";

/** Milliseconds that the record of a probe lives at most, should nobody come to delete it. */
const LIFE = 10_000;

/**
 * Does what a request does: writes a record of its own, reads it and deletes it, and says how long that took. A
 * standby, a server that takes no writes and a table that is gone fail at the first step.
 *
 * @throws What a verb rejects with; SessionError `SOJOURN_STORE_UNAVAILABLE` when a step did not find what the one
 *   before it did.
 */
export async function probe(
  store: Pick<Store, "name" | "create" | "get" | "delete">,
  clock: Clock,
): Promise<{ readonly latencyMs: number }> {
  const start = performance.now();
  const key = `health-${crypto.randomUUID()}`;
  const now = clock();
  const record = { payload: "", createdAt: now, seenAt: now, expiresAt: now + LIFE };
  if ((await store.create(key, record)) === null) throw lost(store.name, "a record with a new key was there already");
  if ((await store.get(key)) === null) throw lost(store.name, "a record that was written was not there to be read");
  if (!(await store.delete(key))) throw lost(store.name, "a record that was written was not there to be deleted");
  return { latencyMs: performance.now() - start };
}

function lost(store: string, what: string): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", `The ${store} store is not healthy: ${what}.`);
}
