import { describe, expect, test } from "vitest";
import { joinChunks, splitChunks } from "../../../src/transport/chunks.ts";
import { cpuTime } from "../../support/cpu-time.ts";

describe("splitChunks(), joinChunks()", () => {
  test("the last chunk is the one that is not full", () => {
    expect(splitChunks("abcdefg", 3)).toEqual(["abc", "def", "g"]);
    expect(splitChunks("abcdef", 3)).toEqual(["abc", "def", ""]);
    expect(splitChunks("ab", 3)).toEqual(["ab"]);
    for (let length = 1; length < 24; length++) {
      const chunks = splitChunks("x".repeat(length), 3);
      expect(joinChunks((index) => [chunks[index] ?? "missing"], 3, 8)).toEqual(["x".repeat(length)]);
    }
  });

  test("chunks that are all full and many times there are given up", () => {
    let asked = 0;
    const full = Array.from({ length: 16 }, () => "abc");
    const read = (): string[] => {
      asked++;
      return full;
    };
    const started = cpuTime();
    expect(joinChunks(read, 3, 8)).toEqual([]);
    // All of their combinations would be 268 million.
    expect(cpuTime() - started).toBeLessThan(15_000);
    expect(asked).toBeLessThanOrEqual(8);
  });

  test("no more than 16 values are made", () => {
    expect(joinChunks((index) => (index === 0 ? Array(16).fill("abc") : Array(16).fill("d")), 3, 8)).toHaveLength(16);
  });
});
