/**
 * `npm run soak -- --interleavings`: what takes too long for every run of the tests. Every pair of deeds with one call of the store
 * that fails, every pair in one process with answers held, and three deeds at once in any order, by a seed.
 */
import { memoryStore } from "../../src/stores/memory.ts";
import {
  type InterleavingsOptions,
  interleavingDeeds,
  interleavingPairs,
  runInterleavings,
} from "../../src/testing/index.ts";
import { seeded } from "../../src/testing/random.ts";

type Setting = Omit<InterleavingsOptions, "store" | "deeds">;

const VISITORS = ["ann", "anonymous"] as const;
const AGES = ["fresh", "touch due", "rotation due", "rotated twice"] as const;
const MODES = ["server", "tracked"] as const;

/** More than that many orders of a pair with a failure are left to the search. */
const MOST_RUNS = 20_000;
const TRIPLES = 300;
const RUNS_OF_A_TRIPLE = 100;

/** Every beginning, in each mode, in one step and in two. */
function beginnings(): Setting[] {
  return MODES.flatMap((mode) =>
    VISITORS.flatMap((visitor) =>
      AGES.flatMap((age) => [true, false].map((twoSteps): Setting => ({ mode, visitor, age, twoSteps }))),
    ),
  );
}

class Count {
  runs = 0;
  broken = 0;

  async add(options: InterleavingsOptions): Promise<void> {
    const report = await runInterleavings(options);
    this.runs += report.runs;
    this.broken += report.violations.length;
    for (const { promise, what, schedule } of report.violations) {
      const { deeds, ...rest } = report.scenario;
      console.log(`${deeds.join(" × ")} ${JSON.stringify(rest)}\n  ${promise}: ${what}\n  ${schedule}`);
    }
  }
}

const store: InterleavingsOptions["store"] = (clock) => memoryStore({ clock });

async function pairs(count: Count, setting: Setting, more: Setting): Promise<void> {
  const { visitor = "ann", age = "fresh" } = setting;
  for (const deeds of interleavingPairs({ visitor, age }))
    await count.add({ store, deeds, ...setting, ...more, mostRuns: MOST_RUNS });
}

async function triples(count: Count, seed: number): Promise<void> {
  const random = seeded(seed);
  const settings = beginnings().filter(({ visitor, age }) => visitor === "ann" && age !== "rotated twice");
  const deeds = interleavingDeeds.filter((deed) => deed !== "replay");
  for (let each = 0; each < TRIPLES; each++) {
    const three = [random.pick(deeds), random.pick(deeds), random.pick(deeds)];
    const search = { runs: RUNS_OF_A_TRIPLE, seed: seed + each };
    await count.add({ store, deeds: three, ...random.pick(settings), search });
  }
}

/** True when every promise held. */
export async function soakInterleavings(seed: number): Promise<boolean> {
  const count = new Count();
  const told = (what: string): void =>
    console.log(`${what}: ${count.runs} interleavings, ${count.broken} broken promises`);
  for (const setting of beginnings()) await pairs(count, setting, {});
  told("pairs");
  for (const setting of beginnings()) await pairs(count, setting, { failures: 1 });
  told("and pairs with one failure");
  for (const setting of beginnings()) await pairs(count, setting, { processes: "one", answers: true });
  told("and pairs in one process, answers held");
  await triples(count, seed);
  told(`and triples by seed ${seed}`);
  return count.broken === 0;
}
