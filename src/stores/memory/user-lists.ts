/**
 * Each user's slots in the order of the listing: rings, linked both ways, found by the first.
 */
import { LinkColumn, NONE } from "./columns.ts";
import { SlotIndex } from "./slot-index.ts";

export class UserLists {
  readonly #next: LinkColumn = new LinkColumn();
  readonly #previous: LinkColumn = new LinkColumn();
  readonly #first: SlotIndex = new SlotIndex();
  readonly #before: (a: number, b: number) => boolean;

  /** @param before Whether one slot comes before another in a listing. */
  constructor(before: (a: number, b: number) => boolean) {
    this.#before = before;
  }

  /** Puts a slot in its place. Sought from the end, because a new session is nearly always the newest. */
  add(userId: string, slot: number): void {
    const first = this.#first.get(userId);
    if (first === NONE) {
      this.#next.set(slot, slot);
      this.#previous.set(slot, slot);
      this.#first.set(userId, slot);
      return;
    }
    let after = this.#previous.get(first);
    let isFirst = false;
    while (this.#before(slot, after)) {
      isFirst = after === first;
      after = this.#previous.get(after);
      if (isFirst) break;
    }
    const next = this.#next.get(after);
    this.#next.set(after, slot);
    this.#previous.set(slot, after);
    this.#next.set(slot, next);
    this.#previous.set(next, slot);
    if (isFirst) this.#first.set(userId, slot);
  }

  remove(userId: string, slot: number): void {
    const next = this.#next.get(slot);
    if (next === slot) {
      this.#first.delete(userId);
      return;
    }
    const previous = this.#previous.get(slot);
    this.#next.set(previous, next);
    this.#previous.set(next, previous);
    if (this.#first.get(userId) === slot) this.#first.set(userId, next);
  }

  /** A user's slots in order. The one just given may be removed. */
  *of(userId: string): Generator<number, void, undefined> {
    const first = this.#first.get(userId);
    if (first === NONE) return;
    const last = this.#previous.get(first);
    for (let slot = first; ; ) {
      const next = this.#next.get(slot);
      yield slot;
      if (slot === last) return;
      slot = next;
    }
  }
}
