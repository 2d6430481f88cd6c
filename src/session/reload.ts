/**
 * `session.reload`: the session as it is stored now.
 */
import { follow } from "./follow.ts";
import { assertUsable, goneTo } from "./guards.ts";
import type { Internals } from "./internals.ts";

export async function reload(session: Internals): Promise<void> {
  assertUsable(session, "reload");
  const { context, held, data, flash } = session;
  if (!held || context.carries === "everything") return session.discard();
  const found = await context.records.find(session.key);
  if (found && !found.content.meta.tombstone) {
    session.hold(found);
  } else if (!(await follow(session, found))) {
    session.end();
    throw goneTo(found);
  }
  flash.discard();
  // With data in the cookie, the record has none.
  if (context.carries === "nothing") data.reload(session.held?.content.encoded ?? data.base);
  else data.discard();
}
