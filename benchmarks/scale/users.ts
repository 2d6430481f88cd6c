/** One user with a thousand sessions: listing them, and ending them all. */
import { figure } from "../statistics.ts";
import { inFlight } from "./load.ts";
import type { Population } from "./population.ts";
import type { World } from "./world.ts";

export interface UserFigure {
  /** Milliseconds. */
  readonly small: number;
  readonly large: number;
  readonly ratio: number;
}

export interface UserFigures {
  /** The first hundred, and all in pages of a hundred. */
  readonly first: UserFigure;
  readonly all: UserFigure;
  readonly revoke: UserFigure;
}

const SESSIONS = 1_000;

interface Times {
  readonly first: number;
  readonly all: number;
  readonly revoke: number;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function round({ store, insert }: World, population: Population, userId: string): Promise<Times> {
  if (insert) await insert(Array.from({ length: SESSIONS }, (_, index) => population.ofUser(userId, index)));
  else {
    await inFlight(SESSIONS, 64, async (index) => {
      const { key, record } = population.ofUser(userId, index);
      await store.create(key, record);
    });
  }
  const list = async (): Promise<void> => {
    let found = 0;
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await store.list?.(userId, { limit: 100, cursor });
      found += page?.items.length ?? 0;
      cursor = page?.cursor;
    }
    if (found !== SESSIONS) throw new Error(`${found} of ${SESSIONS} sessions were listed.`);
  };
  const first: number[] = [];
  for (let turn = 0; turn < 10; turn++) first.push(await timed(async () => store.list?.(userId, { limit: 100 })));
  const all: number[] = [];
  for (let turn = 0; turn < 3; turn++) all.push(await timed(list));
  let ended = 0;
  const revoke = await timed(async () => {
    ended = (await store.deleteAll?.(userId))?.length ?? 0;
  });
  if (ended !== SESSIONS) throw new Error(`${ended} of ${SESSIONS} sessions were ended.`);
  return { first: figure(first).median, all: figure(all).median, revoke };
}

export async function measureUser(
  small: World,
  large: World,
  population: Population,
  rounds: number,
): Promise<UserFigures | undefined> {
  if (!large.store.list || !large.store.deleteAll) return undefined;
  const seen: (readonly [Times, Times])[] = [];
  for (let turn = -1; turn < rounds; turn++) {
    const user = `many-${turn}`;
    const one = await round(small, population, user);
    const other = await round(large, population, user);
    if (turn >= 0) seen.push([one, other]);
  }
  const of = (name: keyof Times): UserFigure => ({
    small: figure(seen.map(([one]) => one[name])).median,
    large: figure(seen.map(([, other]) => other[name])).median,
    ratio: figure(seen.map(([one, other]) => other[name] / one[name])).median,
  });
  return { first: of("first"), all: of("all"), revoke: of("revoke") };
}
