/** Every two deeds at once, from one beginning: registers a test for each first deed, and prints how many orders were played. */
import { afterAll, expect, it } from "vitest";
import { memoryStore } from "../../../src/stores/memory.ts";
import {
  type InterleavingsOptions,
  type InterleavingViolation,
  interleavingPairs,
  runInterleavings,
} from "../../../src/testing/index.ts";

type Promised = InterleavingViolation["promise"];
type Beginning = Omit<InterleavingsOptions, "deeds" | "store">;

/** Of nine rotations in a row beside another request there are thousands of orders: so many of them, always the same. */
const SEARCH = { runs: 25, seed: 1 };

const store: InterleavingsOptions["store"] = (clock) => memoryStore({ clock });

/** As a person reads it: the promise, what became of it, and the order of the steps. */
function told({ promise, what, schedule }: InterleavingViolation): string {
  return `${promise}: ${what}\n    ${schedule}`;
}

/**
 * Plays every pair of deeds that fits; a violation is a failure that says the schedule.
 *
 * @param except Promises that are not made here, each with the reason, as docs/promises.md has it.
 * @param sample So many orders of each pair, always the same, where all of them take too long. Default: all.
 */
export function everyPair(beginning: Beginning, except: Partial<Record<Promised, string>> = {}, sample = 0): void {
  const { visitor = "ann", age = "fresh", ...options } = beginning;
  const pairs = interleavingPairs({ visitor, age });
  let runs = 0;
  const firsts = [...new Set(pairs.map(([first]) => first))];
  it.each(firsts)("%s, beside each other deed", async (first) => {
    const group = pairs.filter(([one]) => one === first);
    const broken: string[] = [];
    for (const deeds of group) {
      const few = sample > 0 ? { runs: sample, seed: 1 } : undefined;
      const search = few ?? (deeds.includes("rotate often") ? SEARCH : undefined);
      const report = await runInterleavings({ store, ...options, visitor, age, deeds, search });
      runs += report.runs;
      if (!search) expect(report.complete, deeds.join(" × ")).toBe(true);
      const violations = report.violations.filter(({ promise }) => except[promise] === undefined);
      for (const violation of violations) broken.push(`${deeds.join(" × ")}: ${told(violation)}`);
    }
    expect(broken).toEqual([]);
  });
  const how = sample > 0 ? ` (a sample of ${sample} each)` : "";
  afterAll(() => console.info(`${runs} interleavings${how} of ${pairs.length} pairs: ${JSON.stringify(beginning)}`));
}
