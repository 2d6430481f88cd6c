/**
 * The options that the stores over a universal interface share, with their defaults and bounds.
 */
import type { Clock } from "../../clock.ts";
import { invalidOption } from "../../errors.ts";
import { clockOf } from "../parts/bounds.ts";

/** What the universal stores have in common; everything has a default. */
export interface PlainStoreOptions {
  /**
   * What the keys begin with, in front of the session id: letters, digits and `: . _ -`, at most 100, no two dots in a
   * row. It must be the store's own, for who can write keys that begin so can write sessions. Default `"sojourn:"`, and
   * nothing for a store of express-session, which has a prefix itself.
   */
  readonly prefix?: string | undefined;
  /** What an instant is compared with; the back end's own expiry only cleans up. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * Milliseconds that one call of the back end may take; then the verb rejects, and the next one on that session has
   * its turn. 50 to 600,000, default 5,000.
   */
  readonly timeout?: number | undefined;
}

/** The options with every default filled in and every bound checked. */
export interface PlainSettings {
  readonly prefix: string;
  readonly clock: Clock;
  readonly timeout: number;
}

export function checkOptions(options: PlainStoreOptions, defaultPrefix = "sojourn:"): PlainSettings {
  const { prefix = defaultPrefix, timeout = 5000 } = options;
  if (typeof prefix !== "string" || !/^(?!.*\.\.)[A-Za-z0-9:._-]{0,100}$/.test(prefix)) {
    throw invalidOption("prefix", prefix, "letters, digits and : . _ -, at most 100, no two dots in a row");
  }
  if (typeof timeout !== "number" || !(timeout >= 50 && timeout <= 600_000)) {
    throw invalidOption("timeout", timeout, "milliseconds from 50 to 600000");
  }
  return { prefix, timeout, clock: clockOf(options.clock) };
}
