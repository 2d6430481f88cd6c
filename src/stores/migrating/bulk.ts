/**
 * Work on many sessions of a pair of stores: some calls at a time, and endings in both stores that count a session
 * once.
 */
import type { SessionKey } from "../../record.ts";
import type { Pair } from "./pair.ts";
import { across } from "./pair.ts";
import type { Side } from "./slot.ts";

/** Calls under way at once, of work on many sessions. */
const AT_ONCE = 8;

export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, items.length) }, worker);
  const failed = (await Promise.allSettled(workers)).find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
}

/** The store that sessions leave comes first. Who moves none cannot know which that is: the way may be back by now. */
const passes = (pair: Pair): readonly Side[] => (pair.home === "to" ? ["from", "to"] : ["from", "to", "from"]);

/** Whose sessions are ended, and how. */
export interface Ending {
  readonly limit: number;
  /** Null when there is none to spare in that store. */
  endIn(side: Side, limit: number, spare: boolean): Promise<readonly SessionKey[] | null>;
  readonly userId?: string | undefined;
  /** Not this one, and in which store it is. */
  readonly except?: { readonly key: SessionKey; readonly side: Side } | undefined;
}

/**
 * Ends many sessions in both stores by a bulk verb of theirs. Fewer than `limit` means that none is left. With a
 * session to spare, its store comes first, and decides; and last, for what has moved there meanwhile.
 */
export async function endMany(pair: Pair, ending: Ending): Promise<readonly SessionKey[] | null> {
  const { limit, userId, except } = ending;
  const ended = new Set<SessionKey>();
  const sides = except ? [except.side, across(except.side), except.side] : passes(pair);
  for (const [turn, side] of sides.entries()) {
    if (ended.size >= limit) break;
    const most = limit - ended.size;
    const keys = await ending.endIn(side, most, side === except?.side);
    if (keys === null && turn === 0) return null;
    // Later it has been decided already. The one to spare was ended by somebody meanwhile.
    const found = keys ?? (await ending.endIn(side, most, false)) ?? [];
    await forEach(found, async (key) => {
      // What the store has taken out of the session to spare is a mark of its move.
      if (key !== except?.key && (await endTraces(pair, across(side), key, userId))) ended.add(key);
    });
  }
  return [...ended];
}

/**
 * A bulk verb has taken a key out of one store: whether record or mark, it does not say. A copy that is left in the
 * other must not become the session; and when it has become it already, it is ended there, unless it is another user's
 * by now.
 */
export async function endTraces(pair: Pair, side: Side, key: SessionKey, userId?: string): Promise<boolean> {
  for (;;) {
    const slot = await pair.slot(side, key);
    if (slot?.kind === "record") {
      if (userId !== undefined && slot.record.userId !== userId) return false;
      await pair.stores[side].delete(key);
      return true;
    }
    if (slot?.kind !== "copy") return true;
    await pair.drop(side, key, slot);
  }
}
