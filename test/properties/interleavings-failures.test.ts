/**
 * Any call of the store fails once, before or after it took effect, in any two deeds at once: a sample of each pair, the same
 * each time, and all orders of a few. All orders of all pairs: `npm run soak -- --interleavings`.
 */
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { type InterleavingsOptions, interleavingDeeds, runInterleavings } from "../../src/testing/index.ts";
import { everyPair } from "../support/interleavings/every-pair.ts";

const SAMPLE = 8;
const store: InterleavingsOptions["store"] = (clock) => memoryStore({ clock });

describe.each([false, true])("in two steps of the store: %s", (twoSteps) => {
  for (const age of ["fresh", "touch due", "rotation due", "rotated twice"] as const)
    describe(age, () => everyPair({ age, twoSteps, failures: 1 }, {}, SAMPLE));
  describe("anonymous", () => everyPair({ visitor: "anonymous", twoSteps, failures: 1 }, {}, SAMPLE));

  it.each(["server", "tracked"] as const)("each deed alone, in every order, %s mode", async (mode) => {
    const broken: unknown[] = [];
    for (const deed of interleavingDeeds.filter((deed) => deed !== "rotate often" && deed !== "replay")) {
      const report = await runInterleavings({ store, deeds: [deed], mode, age: "rotation due", failures: 1, twoSteps });
      for (const violation of report.violations) broken.push({ deed, ...violation });
    }
    expect(broken).toEqual([]);
  });

  it.each([
    ["login", "write"],
    ["rotate", "revokeOthers Y"],
    ["login", "logout"],
    ["rotate", "revoke"],
  ])("%s beside %s, in every order", async (...deeds) => {
    const report = await runInterleavings({ store, deeds, failures: 1, twoSteps });
    expect(report).toMatchObject({ complete: true, violations: [] });
  });
});
