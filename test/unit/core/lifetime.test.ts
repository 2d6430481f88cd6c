/** The limits of one session. */
import { expect, test } from "vitest";
import { type Lifetime, limitsOf } from "../../../src/record/lifetime.ts";

const LIMITS: Lifetime = { idle: 60_000, lifetime: 600_000, touchEvery: 3_000, justification: undefined };

test("a login's own idle limit binds when it is shorter than the manager's, and is touched as often in proportion", () => {
  expect(limitsOf(LIMITS, "ann", 20_000)).toMatchObject({ idle: 20_000, touchEvery: 1_000 });
  expect(limitsOf({ ...LIMITS, touchEvery: 500 }, "ann", 20_000)).toMatchObject({ idle: 20_000, touchEvery: 500 });
});

test("a manager's idle limit that was shortened since binds a login that asked for a longer one", () => {
  expect(limitsOf(LIMITS, "ann", 120_000)).toBe(LIMITS);
  expect(limitsOf(LIMITS, "ann", undefined)).toBe(LIMITS);
});
