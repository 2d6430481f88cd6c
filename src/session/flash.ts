/**
 * The flash messages of one request: those that it found, took and added.
 */
import type { Flash } from "../record/meta.ts";

export class FlashMessages {
  #added: Flash[] = [];
  #taken = false;
  /** The messages that the application took: those of another request, come since, were not shown. */
  #shown: readonly Flash[] = [];

  /** Whether the record has to change. */
  get changed(): boolean {
    return this.#added.length > 0 || this.#shown.length > 0;
  }

  get added(): readonly Flash[] {
    return this.#added;
  }

  add(message: Flash): void {
    this.#added.push(message);
  }

  /** The messages that were found, once. */
  take(found: readonly Flash[] | undefined): readonly Flash[] {
    if (this.#taken) return [];
    this.#taken = true;
    this.#shown = found ?? [];
    return [...this.#shown];
  }

  /** What stays for the next page, of those that are stored now: without those taken, and with those added. */
  next(current: readonly Flash[]): readonly Flash[] {
    if (this.#shown.length === 0) return this.#added.length === 0 ? current : [...current, ...this.#added];
    return [...without(this.#shown, current), ...this.#added];
  }

  /** The messages are stored. */
  saved(): void {
    this.#added = [];
    this.#shown = [];
  }

  /** Nothing of it is kept: what was taken is left for the next page. */
  discard(): void {
    this.#added = [];
    this.#shown = [];
    this.#taken = false;
  }
}

/** Those of another request, come since, were not shown. */
export function without(taken: readonly Flash[], current: readonly Flash[]): readonly Flash[] {
  const texts = taken.map((flash) => JSON.stringify(flash));
  return current.filter((flash) => {
    const at = texts.indexOf(JSON.stringify(flash));
    if (at !== -1) texts.splice(at, 1);
    return at === -1;
  });
}
