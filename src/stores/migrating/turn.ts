/**
 * One at a time per user, across processes: a turn that is taken by marks in both stores.
 */
import type { Version } from "../../record.ts";
import { setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Pair } from "./pair.ts";
import type { Side } from "./slot.ts";
import { endingMark } from "./slot.ts";

/** After so many milliseconds the turn of a process that has died is over; and nobody waits for any longer. */
const TURN = 5000;

/** In both stores, for processes on the way back have them the other way round. */
const SIDES: readonly Side[] = ["from", "to"];

/**
 * Runs the work while nobody else does the like for this user, in whatever process. The mark is one that counts for
 * nothing, at a key that no session has.
 */
export async function inTurn<T>(pair: Pair, userId: string, work: () => Promise<T>): Promise<T> {
  const key = `~sojourn-turn ${userId}`;
  const deadline = stopwatchNow() + 2 * TURN;
  for (let wait = 1; stopwatchNow() < deadline; wait = Math.min(2 * wait, 50)) {
    const marks = await take(pair, key);
    try {
      if (marks.size === SIDES.length) return await work();
    } finally {
      // A mark that stays is in the way for some seconds, and of nobody's session.
      for (const [side, version] of marks) await pair.drop(side, key, { version }).catch(() => {});
    }
    // Apart from each other, so that two that each have one half do not meet again.
    await new Promise<void>((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
  }
  throw pair.busy();
}

async function take(pair: Pair, key: string): Promise<ReadonlyMap<Side, Version>> {
  const marks = new Map<Side, Version>();
  try {
    for (const side of SIDES) {
      const now = pair.clock();
      const version = await pair.stores[side].create(key, endingMark(now, now + TURN));
      if (version === null) break;
      marks.set(side, version);
    }
  } catch (error) {
    for (const [side, version] of marks) await pair.drop(side, key, { version }).catch(() => {});
    throw error;
  }
  return marks;
}
