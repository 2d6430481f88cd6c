/**
 * Slots in order of their last use: a list, linked both ways, so that who is to go for others is found at once.
 */
import { LinkColumn, NONE } from "./columns.ts";

export class Recency {
  readonly #newer: LinkColumn = new LinkColumn();
  readonly #older: LinkColumn = new LinkColumn();
  #newest: number = NONE;
  #oldest: number = NONE;

  /** The slot that was used the longest ago. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Puts a slot in as the newest. */
  add(slot: number): void {
    this.#newer.set(slot, NONE);
    this.#older.set(slot, this.#newest);
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer.set(this.#newest, slot);
    this.#newest = slot;
  }

  use(slot: number): void {
    if (slot === this.#newest) return;
    this.remove(slot);
    this.add(slot);
  }

  remove(slot: number): void {
    const newer = this.#newer.get(slot);
    const older = this.#older.get(slot);
    if (newer === NONE) this.#newest = older;
    else this.#older.set(newer, older);
    if (older === NONE) this.#oldest = newer;
    else this.#newer.set(older, newer);
  }
}
