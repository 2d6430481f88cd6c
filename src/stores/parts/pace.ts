/** How many times as much a step may be as the one before it. */
const GROWTH = 2;

/**
 * How much of some work one step does: what took about so long the last time. Rows are of every size and disks of every
 * speed, so a count that is right for one stands still for seconds on another.
 */
export class Pace {
  readonly #target: number;
  readonly #most: number;
  #size: number;

  /**
   * @param target Milliseconds that a step is to take.
   * @param first How much the first step does.
   * @param most How much any step does.
   */
  constructor(target: number, first: number, most: number) {
    this.#target = target;
    this.#size = first;
    this.#most = most;
  }

  /** How much the next step does; at least 1. */
  get size(): number {
    return this.#size;
  }

  /** A step that did `count` took so many milliseconds. */
  note(count: number, took: number): void {
    if (count < 1) return;
    const fitting = took > 0 ? Math.floor((count * this.#target) / took) : this.#most;
    this.#size = Math.max(1, Math.min(fitting, this.#size * GROWTH, this.#most));
  }
}
