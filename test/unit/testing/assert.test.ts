import { describe, expect, it } from "vitest";
import { ContractViolation, equal, ok, rejects, same, show } from "../../../src/testing/assert.ts";
import { seeded } from "../../../src/testing/random.ts";

describe("same()", () => {
  it("compares deeply, and takes undefined for absent", () => {
    expect(same({ a: [1, { b: null }], c: undefined }, { a: [1, { b: null }] })).toBe(true);
    expect(same(Number.NaN, Number.NaN)).toBe(true);
  });

  it.each([
    [1, "1"],
    [null, undefined],
    [null, {}],
    [[], {}],
    [[1], [1, 2]],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [0, -0],
  ])("tells %o from %o", (a, b) => {
    expect(same(a, b)).toBe(false);
    expect(same(b, a)).toBe(false);
  });
});

describe("equal(), ok() and rejects()", () => {
  it("fail with the rule, what was found and what was expected", () => {
    const failure = (() => {
      try {
        equal({ a: 1 }, { a: 2 }, "the rule");
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(ContractViolation);
    expect(failure).toMatchObject({ name: "AssertionError", actual: { a: 1 }, expected: { a: 2 } });
    expect(String(failure)).toContain('the rule: expected {"a":2}, found {"a":1}');
    expect(() => ok(false, "the rule")).toThrow("the rule");
  });

  it("rejects() wants a failure, of either kind", async () => {
    expect(await rejects(() => Promise.reject(new Error("no")), "rule")).toMatchObject({ message: "no" });
    const thrown = rejects((): Promise<void> => {
      throw new Error("at once");
    }, "rule");
    expect(await thrown).toMatchObject({ message: "at once" });
    await expect(rejects(() => Promise.resolve(1), "rule")).rejects.toThrow("rule: expected a rejection, found 1");
  });

  it("show() cuts what is long", () => {
    expect(show("x".repeat(1000))).toHaveLength(300 + "… (1002 characters)".length);
    expect([show(undefined), show(null)]).toEqual(["undefined", "null"]);
  });
});

describe("seeded()", () => {
  it("repeats itself from one seed, and not from another", () => {
    const run = (seed: number): unknown[] => {
      const random = seeded(seed);
      return [random.key(), random.below(1000), random.pick(["a", "b", "c"]), random.chance(0.5)];
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it("reaches every value below the bound, and none beyond", () => {
    const random = seeded(1);
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(10)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(random.key()).toMatch(/^[\w-]{43}$/);
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
