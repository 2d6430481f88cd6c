/**
 * "drain" for writes that are held. Whoever waits for it is remembered here, because a wrapper below (a
 * compressing middleware) may hand listeners on to a stream of its own, where nobody could call them.
 */
import { type OpenResponse, override } from "./response.ts";

type Listener = (...args: unknown[]) => unknown;

export class Drain {
  readonly #res: OpenResponse;
  readonly #waiting: { readonly listener: Listener; readonly pass: (...args: unknown[]) => unknown }[] = [];
  #holding = true;

  constructor(res: OpenResponse) {
    this.#res = res;
    // `once` comes in by `on`, wrapped.
    for (const name of ["on", "addListener"]) {
      override(res, name, (below) => (event, listener) => {
        if (!this.#holding || event !== "drain") return below(event, listener);
        this.#waiting.push({ listener: listener as Listener, pass: below });
        return res;
      });
    }
    for (const name of ["removeListener", "off"]) {
      override(res, name, (below) => (event, listener) => {
        if (!this.#holding || event !== "drain" || !this.#forget(listener)) return below(event, listener);
        return res;
      });
    }
  }

  /** The writes are through: whoever waited is called, and waits below from now on. A "drain" too many does no harm. */
  release(): void {
    this.#holding = false;
    const waiting = this.#waiting.splice(0);
    for (const { listener, pass } of waiting) pass("drain", listener);
    this.#call(waiting);
  }

  /** Calls whoever waits, and goes on holding. */
  flow(): void {
    this.#call(this.#waiting);
  }

  /**
   * In a turn of its own, as Node does: what a listener throws is the application's, and must not pass for a failed
   * commit.
   */
  #call(waiting: readonly { readonly listener: Listener }[]): void {
    setImmediate(() => {
      const listeners = new Set([...this.#res.rawListeners("drain"), ...waiting.map(({ listener }) => listener)]);
      for (const listener of listeners) listener.call(this.#res);
    });
  }

  #forget(listener: unknown): boolean {
    const at = this.#waiting.findLastIndex(
      (each) => each.listener === listener || (each.listener as { listener?: unknown }).listener === listener,
    );
    if (at !== -1) this.#waiting.splice(at, 1);
    return at !== -1;
  }
}
