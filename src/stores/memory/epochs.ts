/**
 * The epochs of a memory store, by which a login that began before a revocation is refused.
 */
import type { Admission, Epoch } from "../store.ts";

/** A login that takes longer than this between its two steps is not one. */
const KEPT_MS = 86_400_000;

interface Revocation {
  readonly count: number;
  /** When it was written down, by the store's clock. */
  readonly moved: number;
  /** Its instant, as who revoked gave it. */
  readonly at: number;
}

/** Counts revocations, and knows the latest instant of them. One counter for all, so that no epoch ever comes back. */
export class Epochs {
  #count = 0;
  #everybody = 0;
  #everybodyAt: number = Number.NEGATIVE_INFINITY;
  /** Only users who were revoked lately, in the order of their revocations. */
  readonly #users: Map<string, Revocation> = new Map();

  of(userId: string): Epoch {
    return `${this.#everybody}.${this.#users.get(userId)?.count ?? 0}`;
  }

  /** Whether a login of the user has been revoked since its request arrived. */
  isRevoked(userId: string, { epoch, since }: Admission): boolean {
    if (epoch !== this.of(userId)) return true;
    return since !== undefined && since < Math.max(this.#everybodyAt, this.#users.get(userId)?.at ?? since);
  }

  moveUser(userId: string, now: number, at: number = now): void {
    for (const [other, { moved }] of this.#users) {
      if (now - moved < KEPT_MS) break;
      if (other !== userId) this.#users.delete(other);
    }
    this.#count += 1;
    const latest = Math.max(at, this.#users.get(userId)?.at ?? at);
    // Taken out first, so that it goes to the end of the order.
    this.#users.delete(userId);
    this.#users.set(userId, { count: this.#count, moved: now, at: latest });
  }

  moveEverybody(at: number): void {
    this.#count += 1;
    this.#everybody = this.#count;
    this.#everybodyAt = Math.max(at, this.#everybodyAt);
    for (const [userId, revocation] of this.#users) if (revocation.at <= this.#everybodyAt) this.#users.delete(userId);
  }
}
