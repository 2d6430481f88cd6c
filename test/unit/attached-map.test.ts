import { describe, expect, it } from "vitest";
import { AttachedMap } from "../../src/attached-map.ts";

describe("AttachedMap", () => {
  it("keeps a value for an object, replaces and forgets it", () => {
    const memo = new AttachedMap<number>();
    const of = {};
    expect(memo.get(of)).toBeUndefined();
    memo.set(of, 1);
    expect(memo.get(of)).toBe(1);
    memo.set(of, 2);
    expect(memo.get(of)).toBe(2);
    memo.set(of, undefined);
    expect(memo.get(of)).toBeUndefined();
  });

  it("does not hand a copy, or an heir, what was kept for the original", () => {
    const memo = new AttachedMap<number>();
    const of = { a: 1 };
    memo.set(of, 1);
    for (const other of [{ ...of }, Object.assign({}, of), Object.create(of) as object]) {
      expect(memo.get(other)).toBeUndefined();
      memo.set(other, 2);
      expect([memo.get(of), memo.get(other)]).toEqual([1, 2]);
    }
  });

  it("works for an object that cannot be changed", () => {
    const memo = new AttachedMap<number>();
    const of = Object.freeze({});
    memo.set(of, 1);
    expect([memo.get(of), memo.get(Object.freeze({}))]).toEqual([1, undefined]);
    memo.set(of, undefined);
    expect(memo.get(of)).toBeUndefined();
  });

  it("keeps apart from others on the same object, and out of its enumerable keys", () => {
    const [one, two] = [new AttachedMap<number>(), new AttachedMap<number>()];
    const of = {};
    one.set(of, 1);
    expect([one.get(of), two.get(of)]).toEqual([1, undefined]);
    expect([Object.keys(of), JSON.stringify(of)]).toEqual([[], "{}"]);
  });
});
