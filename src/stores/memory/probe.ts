/**
 * The health check of a memory store, which goes straight to its table.
 */
import { SessionError } from "../../errors.ts";
import { freshMark } from "../parts/version.ts";
import { NONE } from "./columns.ts";
import type { Table } from "./table.ts";

/** Does to the table what a request does, with a record that no bound has to make room for. */
export function probe(table: Table, now: number): { readonly latencyMs: number } {
  const start = performance.now();
  const key = `health ${freshMark()}`;
  table.insert(key, { payload: key, createdAt: now, seenAt: now, expiresAt: now + 60_000 });
  const slot = table.live(key, now);
  const found = slot === NONE ? undefined : table.read(slot).payload;
  if (slot !== NONE) table.remove(slot);
  if (found === key) return { latencyMs: Math.max(0, performance.now() - start) };
  throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The memory store does not give back what was written to it.");
}
