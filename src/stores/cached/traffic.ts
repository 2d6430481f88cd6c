/**
 * The calls under way in a cached store by key, from which it is told whether an answer may still be copied into the
 * near store.
 */
import type { SessionKey } from "../../record.ts";

interface Lane {
  /** Calls that are under way. */
  calls: number;
  /** Moves when a write has been answered, before the near store is made right. */
  changes: number;
  /** What is being done to the near store. */
  turn: Promise<unknown> | undefined;
}

/** One call about one key, from before it asks the far store until the near store is right again. */
export interface Passage {
  readonly key: SessionKey;
  readonly lane: Lane;
  seen: number;
}

/**
 * Who does what to which key right now, in this process. It is what makes a fill exact however small the near
 * store is: an answer is put there only when no write ended since the question was asked, and what is
 * done to the near store for one key is done one after the other. Holds nothing but calls under way.
 */
export class Traffic {
  readonly #lanes: Map<SessionKey, Lane> = new Map();

  enter(key: SessionKey): Passage {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { calls: 0, changes: 0, turn: undefined };
      this.#lanes.set(key, lane);
    }
    lane.calls += 1;
    return { key, lane, seen: lane.changes };
  }

  leave({ key, lane }: Passage): void {
    lane.calls -= 1;
    if (lane.calls === 0) this.#lanes.delete(key);
  }

  /** Marks the end of a write. What others have asked before is not to be kept. */
  change(passage: Passage): void {
    passage.lane.changes += 1;
    passage.seen = passage.lane.changes;
  }

  /** Whether no other write ended since this passage entered, or made its last change. */
  isAlone(passage: Passage): boolean {
    return passage.seen === passage.lane.changes;
  }

  /** Whether no other call about the key is under way. */
  isOnly({ lane }: Passage): boolean {
    return lane.calls === 1;
  }

  /** Runs the work when nobody else is at the near store for this key. */
  async inTurn<T>({ lane }: Passage, work: () => Promise<T>): Promise<T> {
    const before = lane.turn;
    const mine = before === undefined ? work() : before.then(work, work);
    lane.turn = mine;
    try {
      return await mine;
    } finally {
      if (lane.turn === mine) lane.turn = undefined;
    }
  }
}
