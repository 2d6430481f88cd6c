/**
 * Slots with the earliest deadline in front: a binary heap, so that expiry never looks at what lives.
 */
import type { NumberColumn } from "./columns.ts";
import { LinkColumn, NONE } from "./columns.ts";

export class Deadlines {
  readonly #deadline: NumberColumn;
  readonly #heap: LinkColumn = new LinkColumn();
  /** Where in the heap a slot is. */
  readonly #place: LinkColumn = new LinkColumn();
  #size = 0;

  constructor(deadline: NumberColumn) {
    this.#deadline = deadline;
  }

  /** The slot that expires first. */
  get first(): number {
    return this.#size === 0 ? NONE : this.#heap.get(0);
  }

  add(slot: number): void {
    this.#size += 1;
    this.#put(this.#size - 1, slot);
    this.#rise(slot);
  }

  /** Finds a slot's new place after its deadline was changed. */
  move(slot: number): void {
    this.#rise(slot);
    this.#sink(slot);
  }

  remove(slot: number): void {
    const place = this.#place.get(slot);
    this.#size -= 1;
    if (place === this.#size) return;
    const last = this.#heap.get(this.#size);
    this.#put(place, last);
    this.move(last);
  }

  #put(place: number, slot: number): void {
    this.#heap.set(place, slot);
    this.#place.set(slot, place);
  }

  #rise(slot: number): void {
    const deadline = this.#deadline.get(slot);
    let place = this.#place.get(slot);
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const other = this.#heap.get(above);
      if (this.#deadline.get(other) <= deadline) break;
      this.#put(place, other);
      place = above;
    }
    this.#put(place, slot);
  }

  #sink(slot: number): void {
    const deadline = this.#deadline.get(slot);
    let place = this.#place.get(slot);
    for (let below = 2 * place + 1; below < this.#size; below = 2 * place + 1) {
      const right = below + 1;
      if (right < this.#size && this.#at(right) < this.#at(below)) below = right;
      if (this.#at(below) >= deadline) break;
      this.#put(place, this.#heap.get(below));
      place = below;
    }
    this.#put(place, slot);
  }

  #at(place: number): number {
    return this.#deadline.get(this.#heap.get(place));
  }
}
