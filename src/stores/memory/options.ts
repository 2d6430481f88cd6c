/**
 * The options of a memory store, with their defaults and bounds.
 */
import { type Clock, systemClock } from "../../clock.ts";
import { checkKnown, invalidOption } from "../../errors.ts";

/** How a memory store is bounded. */
export interface MemoryStoreOptions {
  /**
   * Most sessions held; a whole number of 1 or more, default 100,000. Over it the one used the longest ago is ended.
   */
  readonly maxSessions?: number | undefined;
  /**
   * Most bytes held, as far as they can be told from outside (texts, and 200 a record); a whole number,
   * default 256 MiB. Over it the session used the longest ago is ended; a record that is larger by itself is refused.
   */
  readonly maxBytes?: number | undefined;
  /** Milliseconds since the epoch; default the system's clock. */
  readonly clock?: Clock | undefined;
}

/** The options with every default filled in and every bound checked. */
export function settingsOf(options: MemoryStoreOptions): {
  readonly maxSessions: number;
  readonly maxBytes: number;
  readonly clock: Clock;
} {
  checkKnown(options, { maxSessions: true, maxBytes: true, clock: true });
  const { maxSessions = 100_000, maxBytes = 268_435_456, clock = systemClock } = options;
  for (const [name, found] of Object.entries({ maxSessions, maxBytes })) {
    if (!Number.isSafeInteger(found) || found < 1) throw invalidOption(name, found, "a whole number of 1 or more");
  }
  if (typeof clock !== "function") throw invalidOption("clock", clock, "a function that returns milliseconds");
  return { maxSessions, maxBytes, clock };
}
