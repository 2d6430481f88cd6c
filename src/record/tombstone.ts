/**
 * How a session ends, exactly: whoever is rotating it at the same moment must not carry it on.
 */

import type { Context } from "../context.ts";
import type { EndReason } from "../events.ts";
import type { SessionKey } from "../record.ts";
import type { Held, Times } from "./held.ts";
import { compareAndSet, look } from "./records.ts";

/** How long a replaced or ended id is remembered: longer than any request in flight should take. */
const TOMBSTONE_MS = 60_000;

/** A login that follows a login that follows a login, within a minute. */
const LONGEST_CHAIN = 8;

type Tombstone = NonNullable<Held["content"]["meta"]["tombstone"]>;

/**
 * Turns a live record into a tombstone by compare-and-set. `start` is what the caller last saw of it;
 * `onConflict` sees a newer live version before it is buried.
 */
export async function bury(
  context: Context,
  key: SessionKey,
  start: Held,
  tombstone: Tombstone,
): Promise<
  { readonly status: "buried"; readonly last: Held } | { readonly status: "gone"; readonly held: Held | undefined }
> {
  let last = start;
  const result = await compareAndSet(context, key, start, (current) => {
    last = current;
    const now = context.clock();
    const times: Times = { createdAt: current.times.createdAt, seenAt: now, expiresAt: now + TOMBSTONE_MS };
    return {
      times,
      content: {
        meta: { endsAt: now + TOMBSTONE_MS, rotatedAt: now, generation: 0, tombstone },
        encoded: context.shape.initialEncoded,
      },
    };
  });
  return result.status === "gone" ? { status: "gone", held: result.held } : { status: "buried", last };
}

/**
 * Ends the session, and the one that replaced it when a rotation got there first. When it resolves,
 * nothing in flight can bring the session back. True when there was one to end.
 */
export async function end(context: Context, key: SessionKey, reason: EndReason, start?: Held): Promise<boolean> {
  let next: SessionKey | undefined = key;
  let held = start;
  let ended = false;
  for (let links = 0; next && links < LONGEST_CHAIN; links++) {
    const current: SessionKey = next;
    held ??= await look(context, current);
    const result: Awaited<ReturnType<typeof bury>> = held
      ? await bury(context, current, held, { reason: "ended" })
      : { status: "gone", held: undefined };
    const deleted = await context.ask("delete", () => context.store.delete(current));
    const lastSeen = result.status === "buried" ? result.last : held;
    const grave = result.status === "gone" ? result.held : undefined;
    // What was there and could not be read is ended too.
    if (result.status === "buried" || (deleted && !grave)) {
      ended = true;
      context.emit({ type: "destroyed", id: current, userId: lastSeen?.times.userId, reason });
    }
    context.endings.fire(current);
    next = grave?.content.meta.tombstone?.successor;
    held = undefined;
  }
  return ended;
}
