/**
 * A request that was under way when another one gave its session a new id carries on: what it stores goes to the
 * successor, and its response leaves the client's newer cookie alone.
 */
import type { Held, HeldAt } from "../record/held.ts";
import { successorOf } from "../record/tombstone.ts";
import type { Internals } from "./internals.ts";

/** Goes on at the session's successor; false when it ended, or became another user's. */
export async function follow(session: Internals, grave: Held | undefined): Promise<boolean> {
  const found = await successorFor(session, grave);
  if (found) session.followTo(found.key, found.held);
  return found !== undefined;
}

/**
 * The live session that this one has become under another id. An anonymous session's data goes along at a login; a
 * user's goes to nobody else.
 */
export async function successorFor(
  { context, userId }: Internals,
  grave: Held | undefined,
): Promise<HeldAt | undefined> {
  const found = await successorOf(context.records, grave);
  return userId === undefined || found?.held.times.userId === userId ? found : undefined;
}
