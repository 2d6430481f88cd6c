import { invalidOption } from "./errors.ts";

/** Milliseconds, or a number with a unit: "30s", "15m", "12h", "30d". */
export type Duration = number | `${number}${"s" | "m" | "h" | "d"}`;

const UNIT: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration in milliseconds, at least `least`. Throws SOJOURN_INVALID_OPTION naming the option. */
export function milliseconds(option: string, duration: Duration, least = 1): number {
  const expected = `at least ${least} ms, as a number of milliseconds or like "30s", "15m", "12h", "30d"`;
  let ms: number;
  if (typeof duration === "string") {
    const parts = /^(\d+(?:\.\d+)?)([smhd])$/.exec(duration);
    if (!parts) throw invalidOption(option, duration, expected);
    ms = Number(parts[1]) * (UNIT[parts[2] as string] as number);
  } else ms = duration;
  if (typeof ms !== "number" || !Number.isFinite(ms) || ms < least) throw invalidOption(option, duration, expected);
  return Math.floor(ms);
}
