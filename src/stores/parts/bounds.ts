/**
 * The checks that stores share for the times they are given: milliseconds within bounds, instants, and the clock.
 */
import { type Clock, systemClock } from "../../clock.ts";
import { invalidOption } from "../../errors.ts";

/**
 * An option in milliseconds, as it is.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` out of its bounds.
 */
export function millisecondsWithin(option: string, value: number, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw invalidOption(option, value, `milliseconds from ${least} to ${most}`);
}

/**
 * An instant that a call was given, or now.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for what is no number of milliseconds.
 */
export function instantOf(option: string, value: number | undefined, clock: Clock): number {
  if (value === undefined) return clock();
  if (Number.isFinite(value)) return value;
  throw invalidOption(option, value, "milliseconds since 1970");
}

/**
 * The clock of a store: the system's unless another is given.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for one that cannot be asked.
 */
export function clockOf(clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock;
  if (typeof clock === "function") return clock;
  throw invalidOption("clock", clock, "a function that gives milliseconds");
}
