/**
 * Lengths of time as an application writes them.
 */
import { invalidOption } from "./errors.ts";

/** Milliseconds, or a number with a unit: "30s", "15m", "12h", "30d". */
export type Duration = number | `${number}${"s" | "m" | "h" | "d"}`;

const UNIT: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds, from `least` to `most`. Throws SOJOURN_INVALID_OPTION naming the option. */
export function milliseconds(
  option: string,
  duration: Duration,
  least = 1,
  most: number = Number.POSITIVE_INFINITY,
): number {
  const bounds = most === Number.POSITIVE_INFINITY ? `at least ${least} ms` : `${least} to ${most} ms`;
  const expected = `${bounds}, as a number of milliseconds or like "30s", "15m", "12h", "30d"`;
  let ms: number;
  if (typeof duration === "string") {
    const parts = /^(\d+(?:\.\d+)?)([smhd])$/.exec(duration);
    if (!parts) throw invalidOption(option, duration, expected);
    ms = Number(parts[1]) * (UNIT[parts[2] as string] as number);
  } else ms = duration;
  if (typeof ms !== "number" || !Number.isFinite(ms) || ms < least || ms > most)
    throw invalidOption(option, duration, expected);
  return Math.floor(ms);
}

/**
 * Refuses a number that was meant in seconds, where no value makes sense below a minute.
 *
 * @throws SOJOURN_INVALID_OPTION with the spelling that was meant.
 */
export function assertNotSeconds(option: string, given: Duration | undefined): void {
  if (typeof given !== "number" || !looksLikeSeconds(given)) return;
  throw invalidOption(
    option,
    given,
    `milliseconds; for ${given} seconds write "${given}s", and for so few milliseconds "${given / 1_000}s"`,
  );
}

/** Below a minute, or whole days in seconds: 1800, 3600, 86400, 604800, 2592000. */
function looksLikeSeconds(number: number): boolean {
  return number > 0 && (number < 60_000 || (number < 3_600_000 && number % 86_400 === 0));
}
