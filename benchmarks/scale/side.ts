/** A world with visitors: the small one, or the large one. */
import { memoryStore } from "sojourn/stores/memory";
import { inFlight, WIDTH } from "./load.ts";
import { userOf } from "./population.ts";
import type { Subject } from "./subjects.ts";
import { clock } from "./time.ts";
import { type Visits, visitsTo } from "./visits.ts";
import type { World } from "./world.ts";

/** Sessions of the small world, and of those in each that the core made. */
export const SMALL = 1_000;

export interface Side {
  readonly world: World;
  readonly width: number;
  readonly readsAtOnce: boolean;
  readonly visits: Visits;
  readonly cookies: readonly string[];
  /** So many keys for each lane. */
  keys(each: number): string[][];
}

/** What the core stores for a session with 200 bytes of data. */
export async function payload(): Promise<string> {
  const store = memoryStore();
  const { key } = await visitsTo(store, clock, true).arrive(0);
  const found = await store.get(key);
  await store.close();
  if (!found?.payload.includes('"count":7')) throw new Error("The core stores its data in another form.");
  return found.payload;
}

export async function openSide(subject: Subject): Promise<Side & { readonly empty: number }> {
  const world = await subject.open(clock);
  // The first call makes tables and connections.
  await world.store.get(userOf(0));
  const empty = await world.bytes();
  const visits = visitsTo(world.store, clock, "admit" in world.store);
  const made: { cookie: string; key: string }[] = [];
  await inFlight(SMALL, WIDTH, async (index) => void made.push(await visits.arrive(index % 100)));
  const core = made.map(({ key }) => key);
  const { width, readsAtOnce = false } = subject;
  const mine = Math.floor(SMALL / width);
  const keys = (each: number): string[][] =>
    Array.from({ length: width }, (_, lane) =>
      Array.from({ length: each }, () => core[Math.floor(Math.random() * mine) * width + lane] as string),
    );
  return { world, width, readsAtOnce, visits, cookies: made.map(({ cookie }) => cookie), keys, empty };
}
