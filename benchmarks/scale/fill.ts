/** Fills a world, and looks whether what was put in is what comes out. */
import { inFlight } from "./load.ts";
import { type Population, userOf } from "./population.ts";
import type { World } from "./world.ts";

/** A thousand rows a statement, four at once; or as many calls at once as keep a store busy. */
export async function fill({ store, insert, settle }: World, population: Population, width = 256): Promise<number> {
  const start = performance.now();
  if (insert) {
    await inFlight(Math.ceil(population.sessions / 1_000), 4, async (batch) => {
      const first = batch * 1_000;
      const count = Math.min(1_000, population.sessions - first);
      await insert(Array.from({ length: count }, (_, index) => population.at(first + index)));
    });
  } else {
    await inFlight(population.sessions, width, async (index) => {
      const { key, record } = population.at(index);
      if ((await store.create(key, record)) === null) throw new Error(`Session ${index} was there already.`);
    });
  }
  const seconds = (performance.now() - start) / 1000;
  await settle?.();
  return seconds;
}

/** What was put in is what comes out, whichever way it went in. */
export async function check({ store }: World, population: Population): Promise<void> {
  for (let index = 0; index < population.sessions; index += Math.ceil(population.sessions / 500)) {
    const { key, record } = population.at(index);
    const found = await store.get(key);
    const { version: _, ...same } = found ?? { version: 0 };
    if (JSON.stringify(Object.entries(same).sort()) !== JSON.stringify(Object.entries(record).sort()))
      throw new Error(`Session ${index} came out as ${JSON.stringify(found)}, not as ${JSON.stringify(record)}.`);
  }
  const version = (await store.get(population.key(1)))?.version;
  const updated = await store.update(population.key(1), population.at(1).record, version ?? 0);
  if (updated.status !== "ok") throw new Error("A session that was filled in cannot be updated.");
  const page = await store.list?.(userOf(1), { limit: 1_000 });
  if (page && page.items.length < population.sessions / population.users)
    throw new Error(`A user has ${page.items.length} sessions.`);
}
