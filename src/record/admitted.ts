/**
 * What became of an insert: the results of the verbs that store a new session.
 */
import type { SessionKey } from "../record.ts";
import type { Held, Next } from "./held.ts";

/** What became of a session that was to take another one's place. */
export type Replaced =
  | { readonly status: "ok"; readonly held: Held; readonly evicted: readonly SessionKey[] }
  | { readonly status: "conflict"; readonly current: Held }
  | { readonly status: "gone" }
  | { readonly status: "revoked" }
  | { readonly status: "limit" };

/** What became of a login's session that was to be stored. */
export type Admitted = Exclude<Replaced, { readonly status: "conflict" | "gone" }>;

/** What became of our insert, by what is found at its key: somebody may have ended it since. */
export function ownOf(there: Held | undefined, next: Next): Admitted {
  if (!there || there.content.meta.tombstone) return { status: "revoked" };
  return { status: "ok", held: { ...next, version: there.version }, evicted: [] };
}
