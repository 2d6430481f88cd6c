/** A clock that runs faster than time, so that an hour's rotations happen in a run of a minute. */
import type { Clock } from "../../src/clock.ts";

export function fastClock(speed: number): Clock {
  const start = Date.now();
  const origin = performance.now();
  return () => Math.floor(start + (performance.now() - origin) * speed);
}
