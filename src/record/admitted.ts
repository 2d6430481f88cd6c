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

/**
 * What became of our insert, by what is found at its key: somebody may have ended it since, or written to it, for the
 * grave of what it replaced names it.
 *
 * @param keepsData The record has the data; else that is in the client's cookie only.
 */
export function ownOf(there: Held | undefined, next: Next, keepsData: boolean): Admitted {
  if (!there || there.content.meta.tombstone) return { status: "revoked" };
  const { encoded } = keepsData ? there.content : next.content;
  return { status: "ok", held: { ...there, content: { ...there.content, encoded } }, evicted: [] };
}
