/**
 * The loops that remove expired records step by step, in the background or for a caller; a step itself is the store's.
 */
import { clearTimeout, setTimeout, stopwatchNow } from "./timers.ts";

/** The background sweep is at work for a third of the time at most, a call that somebody waits for half of it. */
const [BACKGROUND, ASKED_FOR] = [2, 1];

const LONGEST_REST = 250;

/**
 * Rows that one step removes from a server: with all their pages some megabytes of log, which other commits wait for.
 */
export const SWEEP = 200;

/** Milliseconds after a step that took so long; never none, so that timers and sockets get their turn. */
function restAfter(took: number, times: number): number {
  return Math.min(Math.max(1, took * times), LONGEST_REST);
}

/** How much one step removes; asked before each when it changes. */
type Size = number | (() => number);

function sizeNow(size: Size): number {
  return typeof size === "function" ? size() : size;
}

/**
 * Removes expired records now and then, in steps of `size` that let requests through in between. The first sweep comes
 * after half an interval to one and a half, and so does every other, so that processes on one
 * database do not sweep together. Returns a function that stops it.
 */
export function startSweeping(every: number, size: Size, step: (limit: number) => Promise<number>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const after = (ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => void sweep(), ms);
    timer.unref?.();
  };
  const sweep = async (): Promise<void> => {
    const start = stopwatchNow();
    // A sweep that fails is made up for by the next one.
    const asked = sizeNow(size);
    const removed = await step(asked).catch(() => 0);
    const rest = restAfter(stopwatchNow() - start, BACKGROUND);
    after(removed === asked ? rest : every * (0.5 + Math.random()));
  };
  after(every * (0.5 + Math.random()));
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** What a step did. */
export interface Swept {
  readonly removed: number;
  /** Whether there may be more. */
  readonly more: boolean;
}

/**
 * Removes up to `limit` records in steps of `size`, and rests after each for as long as it took: whoever comes
 * meanwhile waits for one step and not for all. At most `steps` of them, for what they look at may be none that
 * expired.
 */
export async function sweepInSteps(
  limit: number,
  size: Size,
  step: (limit: number) => Promise<Swept>,
  steps: number = Number.POSITIVE_INFINITY,
): Promise<number> {
  let total = 0;
  for (let turn = 1; ; turn++) {
    const start = stopwatchNow();
    const { removed, more } = await step(Math.min(sizeNow(size), limit - total));
    total += removed;
    if (!more || total >= limit || turn >= steps) return total;
    const rest = restAfter(stopwatchNow() - start, ASKED_FOR);
    await new Promise((resolve) => {
      setTimeout(() => resolve(undefined), rest);
    });
  }
}
