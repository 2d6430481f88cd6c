/** Milliseconds since the epoch. Injected everywhere, so that tests own time. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** Tells apart what happens within one millisecond: an instant, with a fraction that grows. */
export type Stamp = (now: number) => number;

const STEP = 1 / 1_024;
const stamps = new WeakMap<Clock, Stamp>();

/**
 * Instants of one clock, each later than the one before, by all who use that clock in this process: so that it is known
 * which of a login's arrival and a revocation came first, although both fall into the same millisecond.
 */
export function stampsOf(clock: Clock): Stamp {
  const known = stamps.get(clock);
  if (known) return known;
  let last = Number.NEGATIVE_INFINITY;
  const stamp: Stamp = (now) => {
    // A clock that was set back begins anew.
    last = now > last || now < last - 1_000 ? now : last + STEP;
    return last;
  };
  stamps.set(clock, stamp);
  return stamp;
}
