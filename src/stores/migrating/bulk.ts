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

/** Ends many sessions in both stores by a bulk verb of theirs. Fewer than `limit` means that none is left. */
export async function endMany(
  pair: Pair,
  limit: number,
  endIn: (side: Side, limit: number) => Promise<readonly SessionKey[]>,
  userId?: string,
): Promise<readonly SessionKey[]> {
  const ended = new Set<SessionKey>();
  for (const side of passes(pair)) {
    if (ended.size >= limit) break;
    const keys = await endIn(side, limit - ended.size);
    await forEach(keys, async (key) => {
      if (await endTraces(pair, across(side), key, userId)) ended.add(key);
    });
  }
  return [...ended];
}

/**
 * A bulk verb has taken a key out of one store: whether record or mark, it does not say. A copy that is left in the other must
 * not become the session; and when it has become it already, it is ended there, unless it is another user's by now.
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
