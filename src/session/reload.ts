/**
 * `session.reload`: the session as it is stored now.
 */
import { successorOf } from "../record/tombstone.ts";
import { assertUsable, ended, replaced } from "./guards.ts";
import type { Internals } from "./internals.ts";

export async function reload(session: Internals): Promise<void> {
  assertUsable(session, "reload");
  const { context, held, data, flash, userId } = session;
  if (!held || context.carries === "everything") return session.discard();
  const found = await context.records.find(session.key);
  const tombstone = found?.content.meta.tombstone;
  if (found && !tombstone) {
    session.hold(found);
  } else {
    const successor = await successorOf(context.records, found);
    const same = successor && (userId === undefined || successor.held.times.userId === userId);
    if (!same) {
      session.end();
      throw tombstone?.reason === "replaced" ? replaced() : ended();
    }
    session.followTo(successor.key, successor.held);
  }
  flash.discard();
  // With data in the cookie, the record has none.
  if (context.carries === "nothing") data.reload(session.held?.content.encoded ?? data.base);
  else data.discard();
}
