/**
 * The removal of expired records from a table, in slices so short that requests get their turn in between.
 */
import type { Clock } from "../../clock.ts";
import { setTimeout } from "../parts/timers.ts";
import { NONE } from "./columns.ts";
import type { Table } from "./table.ts";

/** So many removals take half a millisecond among a million records. */
const SLICE = 50;
const EVERY_MS = 30_000;

/** Removes expired records in slices, by itself while there are records, and when it is told to. */
export class Sweeper {
  readonly #table: Table;
  readonly #clock: Clock;
  #timer: ReturnType<typeof globalThis.setTimeout> | undefined;
  #stopped = false;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Removes up to `limit`; between slices, other work gets its turn. */
  async run(limit: number): Promise<number> {
    let removed = this.#slice(Math.min(SLICE, limit));
    for (let last = removed; last === SLICE && removed < limit && !this.#stopped; removed += last) {
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
      last = this.#stopped ? 0 : this.#slice(Math.min(SLICE, limit - removed));
    }
    return removed;
  }

  /** Runs in the background from now on, until nothing is left. The timer does not keep the process running. */
  start(ms: number = EVERY_MS): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = globalThis.setTimeout(() => {
      this.#timer = undefined;
      const more = this.#slice(SLICE) === SLICE;
      if (this.#table.count > 0) this.start(more ? 1 : EVERY_MS);
    }, ms);
    // A number in browsers and on Workers, an object with `unref` elsewhere.
    (this.#timer as { unref?: () => unknown }).unref?.();
  }

  stop(): void {
    this.#stopped = true;
    globalThis.clearTimeout(this.#timer);
  }

  #slice(limit: number): number {
    const now = this.#clock();
    let removed = 0;
    for (let slot = this.#table.firstToExpire; removed < limit && slot !== NONE; slot = this.#table.firstToExpire) {
      if (this.#table.isLive(slot, now)) break;
      this.#table.remove(slot);
      removed += 1;
    }
    return removed;
  }
}
