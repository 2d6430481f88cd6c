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
import { NOT_IN_TRACKED_MODE } from "../support/interleavings/not-promised.ts";

type Setting = Omit<InterleavingsOptions, "store" | "deeds">;

const VISITORS = ["ann", "anonymous"] as const;
const AGES = ["fresh", "touch due", "rotation due", "rotated twice"] as const;
const MODES = ["server", "tracked"] as const;

/** More than that many orders of a pair with a failure are left to a search by seed. */
const MOST_RUNS = 2_000;
const RUNS_OF_A_SEARCH = 200;
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
  /** Of what is not promised with the data in the cookie. */
  known = 0;

  /** True when every order was played. */
  async add(options: InterleavingsOptions): Promise<boolean> {
    const report = await runInterleavings(options);
    this.runs += report.runs;
    for (const { promise, what, schedule } of report.violations) {
      const { deeds, ...rest } = report.scenario;
      if (rest.mode === "tracked" && NOT_IN_TRACKED_MODE[promise] !== undefined) {
        this.known += 1;
        continue;
      }
      this.broken += 1;
      console.log(`${deeds.join(" × ")} ${JSON.stringify(rest)}\n  ${promise}: ${what}\n  ${schedule}`);
    }
    return report.complete;
  }
}

const store: InterleavingsOptions["store"] = (clock) => memoryStore({ clock });

async function pairs(count: Count, setting: Setting, more: Setting, seed: number): Promise<void> {
  const { visitor = "ann", age = "fresh" } = setting;
  const search = { runs: RUNS_OF_A_SEARCH, seed };
  for (const deeds of interleavingPairs({ visitor, age })) {
    const options = { store, deeds, ...setting, ...more };
    const all = !deeds.includes("rotate often") && (await count.add({ ...options, mostRuns: MOST_RUNS }));
    if (!all) await count.add({ ...options, search });
  }
}

async function triples(count: Count, seed: number): Promise<void> {
  const random = seeded(seed);
  const settings = beginnings().filter(({ visitor, age }) => visitor === "ann" && age !== "rotated twice");
  const deeds = interleavingDeeds.filter((deed) => deed !== "replay");
  for (let each = 0; each < TRIPLES; each++) {
    const three = [random.pick(deeds), random.pick(deeds), random.pick(deeds)];
    const search = { runs: RUNS_OF_A_TRIPLE, seed: seed + each };
    await count.add({ store, deeds: three, ...random.pick(settings), failures: each % 2, search });
  }
}

/** True when every promise held. */
export async function soakInterleavings(seed: number): Promise<boolean> {
  const count = new Count();
  const told = (what: string): void =>
    console.log(
      `${what}: ${count.runs} interleavings, ${count.broken} broken promises, ${count.known} that are not made`,
    );
  for (const setting of beginnings()) await pairs(count, setting, {}, seed);
  told("pairs");
  for (const setting of beginnings()) await pairs(count, setting, { failures: 1 }, seed);
  told("and pairs with one failure");
  for (const setting of beginnings()) await pairs(count, setting, { processes: "one", answers: true }, seed);
  told("and pairs in one process, answers held");
  await triples(count, seed);
  told(`and triples by seed ${seed}`);
  return count.broken === 0;
}
