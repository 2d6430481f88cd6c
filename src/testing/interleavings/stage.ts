/**
 * The stage of a run: it holds whoever comes to a step, lets one go with the fate that was chosen, and tells when
 * nobody moves any more.
 */
import type { Fate, Footprint, Step } from "./step.ts";

/** What a call that is made to fail rejects with. */
export class InjectedFailure extends Error {
  override readonly name = "InjectedFailure";
}

/** Runs when all that is ready has run: promises first, then what I/O and immediates bring. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

interface Point {
  readonly actor: string;
  readonly name: string;
  readonly footprint: Footprint;
  readonly args?: readonly unknown[];
  readonly canFail?: boolean;
}

/** Where everybody stands who waits to be let go. Nothing moves but what the scheduler releases. */
export class Stage {
  readonly #held: Step[] = [];
  /** Calls that the store has and has not answered: a store with I/O takes more than a turn. */
  #inside = 0;
  #open = false;

  /** Resolves with the fate that the scheduler chose. Free from `openUp` on. */
  hold({ actor, name, footprint, args = [], canFail = false }: Point): Promise<Fate> {
    if (this.#open) return Promise.resolve("goes");
    return new Promise((resolve) => {
      const step: Step = {
        actor,
        name,
        args,
        canFail,
        footprint,
        go: (fate) => {
          this.#held.splice(this.#held.indexOf(step), 1);
          resolve(fate);
        },
      };
      this.#held.push(step);
    });
  }

  /** Counts a call of the store from when it begins to when it is over. */
  async inside<T>(call: () => Promise<T>): Promise<T> {
    this.#inside += 1;
    try {
      return await call();
    } finally {
      this.#inside -= 1;
    }
  }

  /** Who can be let go, in the order of their names. */
  get held(): readonly Step[] {
    return this.#held.toSorted((one, other) => (one.actor < other.actor ? -1 : one.actor > other.actor ? 1 : 0));
  }

  /** Resolves when nobody moves any more. Waits for the store, never for a time. */
  async settle(): Promise<void> {
    do await nextTurn();
    while (this.#inside > 0);
  }

  /** From here on nobody is held: for what comes after the schedule, and to end a run that nobody wants to see. */
  openUp(fate: Fate = "goes"): void {
    this.#open = true;
    for (const step of [...this.#held]) step.go(fate);
  }
}
