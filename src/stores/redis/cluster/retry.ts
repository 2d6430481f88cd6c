/**
 * The waiting of a call in a Cluster for another login of the same user or key: its pauses, and when it gives up.
 */
import { SessionError } from "../../../errors.ts";
import { setTimeout, stopwatchNow } from "../../parts/timers.ts";

/** Milliseconds to wait for another login whose outcome decides this one's; after that it counts as a session. */
export const PATIENCE: number = 2000;

/** Milliseconds until a registration that another one of the same key holds up is given up. */
const GIVE_UP = 5000;

/** The attempts of a call that waits for others. */
export class Retry {
  readonly #start: number = stopwatchNow();
  #next = 1;

  /** What the script is told. */
  get patience(): number {
    return stopwatchNow() - this.#start < PATIENCE ? PATIENCE : 0;
  }

  async wait(): Promise<void> {
    if (stopwatchNow() - this.#start > GIVE_UP) {
      throw new SessionError(
        "SOJOURN_STORE_UNAVAILABLE",
        "another login of this user, or with this key, does not end: try again",
      );
    }
    const ms = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(this.#next * 2, 30);
    await new Promise<void>((resolve) => setTimeout(resolve, ms));
  }
}
