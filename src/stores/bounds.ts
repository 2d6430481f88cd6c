import { invalidOption } from "../errors.ts";

/**
 * An option in milliseconds, as it is.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` out of its bounds.
 */
export function millisecondsWithin(option: string, value: number, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw invalidOption(option, value, `milliseconds from ${least} to ${most}`);
}
