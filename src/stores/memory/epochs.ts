import type { Epoch } from "../store.ts";

/** A login that takes longer than this between its two steps is not one. */
const KEPT_MS = 86_400_000;

/** Counts revocations. One counter for all, so that no epoch ever comes back. */
export class Epochs {
  #count = 0;
  #everybody = 0;
  /** Only users who were revoked lately, in the order of their revocations. */
  readonly #users: Map<string, { readonly count: number; readonly at: number }> = new Map();

  of(userId: string): Epoch {
    return `${this.#everybody}.${this.#users.get(userId)?.count ?? 0}`;
  }

  moveUser(userId: string, now: number): void {
    for (const [other, { at }] of this.#users) {
      if (now - at < KEPT_MS) break;
      this.#users.delete(other);
    }
    this.#count += 1;
    this.#users.delete(userId);
    this.#users.set(userId, { count: this.#count, at: now });
  }

  moveEverybody(): void {
    this.#count += 1;
    this.#everybody = this.#count;
    this.#users.clear();
  }
}
