import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import { invalidOption } from "../../errors.ts";

/** How a Redis store is set up; everything has a default. */
export interface RedisStoreOptions {
  /**
   * What the names of all keys begin with: 1 to 100 printable ASCII characters without braces and spaces. Default
   * `"sojourn:"`. Stores with one prefix on one server are one store.
   */
  readonly prefix?: string | undefined;
  /** What an instant is compared with, on the server too. Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

export interface RedisSettings {
  readonly prefix: string;
  readonly clock: Clock;
}

export function checkOptions({ prefix = "sojourn:", clock }: RedisStoreOptions): RedisSettings {
  // Braces would decide the slot; a space ends a word of SCAN's answer nowhere, but in every tool of an operator.
  if (typeof prefix !== "string" || !/^[!-z|~]{1,100}$/.test(prefix)) {
    throw invalidOption("prefix", prefix, "1 to 100 printable ASCII characters without braces and spaces");
  }
  return { prefix, clock: clock ?? systemClock };
}
