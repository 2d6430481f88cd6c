/** The two ways in which sessions go that have expired: removed by the store, or dropped by the server. */
import { AN_HOUR, type Population } from "./population.ts";
import { measureStalls, QUIET_MS, type Stalls } from "./stalls.ts";
import { advance, pause } from "./time.ts";
import type { World } from "./world.ts";

export async function measureSweep(
  { store }: World,
  pace: number,
  population: Population,
): Promise<Stalls | undefined> {
  if (!store.deleteExpired) return undefined;
  const stalls = await measureStalls(pace, store, population, {
    async clean() {
      advance(AN_HOUR);
      return (await store.deleteExpired?.({ limit: population.sessions })) ?? 0;
    },
  });
  const expected = Math.ceil(population.sessions / 10);
  if (stalls.removed !== expected) throw new Error(`${stalls.removed} of ${expected} were removed.`);
  return stalls;
}

/** Time that the server has before and after the instant at which a share expires. */
const [BEFORE, AFTER] = [1_000, 3_000];

export async function measureExpiry(
  { store, expireAt }: World,
  pace: number,
  population: Population,
): Promise<Stalls | undefined> {
  if (!expireAt) return undefined;
  return measureStalls(pace, store, population, {
    /** Told early enough to be done, and the quiet part over, before all of them expire at one instant. */
    async prepare(share) {
      const keys = population.expiring(share).map((index) => population.key(index));
      const instant = Date.now() + QUIET_MS + BEFORE + 2_000 + keys.length / 2;
      await expireAt(keys, instant);
      await pause(Math.max(0, instant - QUIET_MS - BEFORE - Date.now()));
    },
    async clean(share) {
      await pause(BEFORE + AFTER);
      return population.expiring(share).length;
    },
  });
}
