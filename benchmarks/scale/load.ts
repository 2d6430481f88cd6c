/** Two kinds of load: as fast as so many at once can be answered, and at a steady pace whatever the answers do. */
import { quantile } from "../statistics.ts";

export interface Latency {
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/** Calls at once, in the small world as in the large one. */
export const WIDTH = 16;

/** Runs `count` jobs, so many at a time. */
export async function inFlight(count: number, width: number, job: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await job(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

/** What one lane does: prepares, which is not measured, and gives back what is. */
export type Lane<T> = (item: T) => Promise<() => Promise<unknown>> | (() => Promise<unknown>);

/** A closed loop: every lane has one call under way at any time. */
export async function closedLoop<T>(lanes: readonly (readonly T[])[], lane: Lane<T>): Promise<Latency> {
  const took: number[] = [];
  const start = performance.now();
  await Promise.all(
    lanes.map(async (items) => {
      for (const item of items) {
        const call = await lane(item);
        const began = performance.now();
        await call();
        took.push(performance.now() - began);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  return { p50: quantile(took, 0.5) * 1000, p99: quantile(took, 0.99) * 1000, perSecond: took.length / seconds };
}

/**
 * An open loop: calls are due at a steady pace, and each one's time counts from when it was due, so that a store or an
 * event loop that stands still is seen by all that wanted something meanwhile. Timers are precise to a
 * millisecond, which is in every figure alike.
 *
 * @returns Milliseconds of each call for which `call` promised a time.
 */
export async function openLoop(
  perSecond: number,
  isOver: () => boolean,
  call: (index: number) => { readonly done: Promise<unknown>; readonly counts: boolean },
): Promise<number[]> {
  const took: number[] = [];
  const running = new Set<Promise<unknown>>();
  const start = performance.now();
  for (let issued = 0; !isOver(); ) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (let due = start + (issued * 1000) / perSecond; due <= performance.now(); ) {
      const mine = due;
      const { done, counts } = call(issued);
      const ended = done.then(() => {
        if (counts) took.push(performance.now() - mine);
        running.delete(ended);
      });
      running.add(ended);
      issued += 1;
      due = start + (issued * 1000) / perSecond;
    }
  }
  await Promise.all(running);
  return took;
}
