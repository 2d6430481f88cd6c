/**
 * What the commit waits for. The verbs of one session take their turns, and the commit comes after the last: so that
 * two logins at once leave one session, two updates count two, and a verb that the application forgot to await still
 * reaches the client.
 */
import { SessionError } from "../errors.ts";

/** A verb that is called inside of an update's function waits for itself: it is told after so long. */
const PATIENCE_MS = 5_000;

export class VerbQueue {
  /** The last verb under way, and the updates that go out with the commit; neither rejects. */
  #verb: Promise<void> | undefined;
  #updates: Promise<void> | undefined;
  /** How many functions given to `update` are running. */
  #drafting = 0;

  /** Resolves when what is under way is over; undefined when nothing is. */
  get pending(): Promise<void> | undefined {
    return this.#verb ?? this.#updates;
  }

  /**
   * For what goes out with the commit. Only the commit waits for it: updates run beside each other, and inside of each
   * other.
   */
  beforeCommit<T>(work: Promise<T>): Promise<T> {
    const done: Promise<void> = Promise.allSettled([this.#updates, work]).then(() => {
      if (this.#updates === done) this.#updates = undefined;
    });
    this.#updates = done;
    return work;
  }

  inTurn<T>(verb: () => Promise<T>): Promise<T> {
    const mine = this.#verb ? this.#turnAfter(this.#verb).then(verb) : verb();
    const over = (): void => {
      if (this.#verb === done) this.#verb = undefined;
    };
    const done: Promise<void> = mine.then(over, over);
    this.#verb = done;
    return mine;
  }

  /** Runs a function that was given to `update`. */
  async drafting<T>(work: () => T | Promise<T>): Promise<T> {
    this.#drafting++;
    try {
      return await work();
    } finally {
      this.#drafting--;
    }
  }

  /** When the verb before is over. While an update's function runs, the call may come from inside of it. */
  #turnAfter(before: Promise<void>): Promise<void> {
    if (this.#drafting === 0) return before;
    return new Promise((resolve, reject) => {
      const inside = new SessionError(
        "SOJOURN_CONFLICT",
        "A verb of the session waited for an update that did not end: the function given to `update` must not call " +
          "`update`, `login` or another verb of the same session.",
      );
      const timer = setTimeout(() => reject(inside), PATIENCE_MS);
      void before.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
