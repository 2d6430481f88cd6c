function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between the two nearest values where there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The median, and the quarter of the rounds below and above it: what noise does to it. */
export interface Figure {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function figure(values: readonly number[]): Figure {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}
