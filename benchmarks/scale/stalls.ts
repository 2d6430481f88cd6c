/** What cleaning does to those who come meanwhile: the same load without it and beside it, in turn. */
import { figure, quantile } from "../statistics.ts";
import { openLoop } from "./load.ts";
import { type Population, SHARES } from "./population.ts";
import type { AnyStore } from "./world.ts";

export interface Stalls {
  readonly removed: number;
  /** Until all were removed, or had expired. */
  readonly seconds: number;
  /** 99th percentile of a load, in milliseconds from when it was due. */
  readonly quiet: number;
  readonly during: number;
  /** The median of the turns' own ratios. */
  readonly ratio: number;
}

export const QUIET_MS = 1_500;

interface Turn {
  readonly quiet: readonly number[];
  readonly during: readonly number[];
  readonly seconds: number;
}

/** Nine loads to one commit, all of sessions that live on. */
function traffic(
  store: AnyStore,
  population: Population,
): (index: number) => { done: Promise<unknown>; counts: boolean } {
  const numbers = population.living(20_000, 1, 3);
  return (index) => {
    const key = population.key(numbers[index % numbers.length] as number);
    if (index % 10 !== 0) return { done: store.get(key), counts: true };
    const change = async (): Promise<void> => {
      const found = await store.get(key);
      if (found) await store.update(key, found, found.version);
    };
    return { done: change(), counts: false };
  };
}

/** How sessions go, a share at a time. */
export interface Cleaning {
  /** Before the quiet part, which it must not disturb. */
  readonly prepare?: (share: number) => Promise<void>;
  /** Beside the load; says how many went. */
  readonly clean: (share: number) => Promise<number>;
}

async function turn(
  perSecond: number,
  store: AnyStore,
  population: Population,
  clean: () => Promise<unknown>,
): Promise<Turn> {
  const end = performance.now() + QUIET_MS;
  const quiet = await openLoop(perSecond, () => performance.now() > end, traffic(store, population));
  let over = false;
  const began = performance.now();
  const cleaning = clean().finally(() => {
    over = true;
  });
  const during = await openLoop(perSecond, () => over, traffic(store, population));
  await cleaning;
  return { quiet, during, seconds: (performance.now() - began) / 1000 };
}

export async function measureStalls(
  perSecond: number,
  store: AnyStore,
  population: Population,
  cleaning: Cleaning,
): Promise<Stalls> {
  const done: Turn[] = [];
  let removed = 0;
  for (let share = 1; share <= SHARES; share++) {
    await cleaning.prepare?.(share);
    done.push(
      await turn(perSecond, store, population, async () => {
        removed += await cleaning.clean(share);
      }),
    );
  }
  const ratios = done.map(({ quiet, during }) => quantile(during, 0.99) / quantile(quiet, 0.99));
  return {
    removed,
    seconds: done.reduce((sum, { seconds }) => sum + seconds, 0),
    quiet: quantile(
      done.flatMap(({ quiet }) => quiet),
      0.99,
    ),
    during: quantile(
      done.flatMap(({ during }) => during),
      0.99,
    ),
    ratio: figure(ratios).median,
  };
}
