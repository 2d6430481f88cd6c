/**
 * The clock that tests hand to stores and sessions, so that time passes only when they say so.
 */
import type { Clock } from "../clock.ts";

/** A clock that stands still until it is told otherwise. Pass it wherever a `clock` is asked for. */
export interface FakeClock extends Clock {
  /** Moves on by so many milliseconds (back, when negative). Answers with the new time. */
  advance(ms: number): number;
  /** Jumps to an instant, in milliseconds since the epoch. Answers with it. */
  set(instant: number): number;
}

/** 2026-01-01T00:00:00Z: any fixed instant, so that failures repeat. */
const START = 1_767_225_600_000;

/**
 * A clock for tests.
 *
 * @param start Milliseconds since the epoch; default 2026-01-01T00:00:00Z.
 *
 * @example
 * ```ts
 * const clock = fakeClock();
 * const store = memoryStore({ clock });
 * clock.advance(30 * 60_000);
 * ```
 */
export function fakeClock(start: number = START): FakeClock {
  let now = start;
  const clock = (): number => now;
  return Object.assign(clock, {
    advance: (ms: number): number => {
      now += ms;
      return now;
    },
    set: (instant: number): number => {
      now = instant;
      return now;
    },
  });
}
