/**
 * Who watches a store for sessions that ended; how the store hears of an end does not belong here.
 */
import type { SessionKey } from "../../record.ts";

type Listener = (key: SessionKey) => void;

export class Listeners {
  readonly #listeners: Set<{ readonly call: Listener }> = new Set();
  readonly #onLast: () => void;

  /** @param onLast Called when the last one has been taken out. */
  constructor(onLast: () => void = () => {}) {
    this.#onLast = onLast;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** Answers with a function that takes the listener out again. */
  add(call: Listener): () => void {
    const listener = { call };
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#onLast();
    };
  }

  tell(keys: readonly SessionKey[]): void {
    if (keys.length === 0 || this.#listeners.size === 0) return;
    for (const { call } of [...this.#listeners]) {
      for (const key of keys) {
        try {
          call(key);
        } catch {
          // The session has ended; a listener's mistake must be neither another's nor look like a failure of the store.
        }
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
