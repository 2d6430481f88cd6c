/**
 * A request that was under way when another one gave its session a new id carries on: what it stores goes to the
 * successor, and its response leaves the client's newer cookie alone.
 */
import type { Held } from "../record/held.ts";
import { successorOf } from "../record/tombstone.ts";
import type { Internals } from "./internals.ts";

/** Goes on at the session's successor; false when it ended, or became another user's. */
export async function follow(session: Internals, grave: Held | undefined): Promise<boolean> {
  const found = await successorOf(session.context.records, grave);
  if (!found || !mayFollow(session, found.held)) return false;
  session.followTo(found.key, found.held);
  return true;
}

/** An anonymous session's data goes along at a login; a user's goes to nobody else. */
function mayFollow({ userId }: Internals, { times }: Held): boolean {
  return userId === undefined || times.userId === userId;
}
