import { describe, expect, it } from "vitest";
import { freeze } from "../../../src/record/freeze.ts";

describe("freeze()", () => {
  it("freezes objects and arrays all the way down, once each, cycles included", () => {
    const inner = { a: [{ b: 1 }] };
    const data: Record<string, unknown> = { inner, again: inner, when: new Date(0), map: new Map([["a", inner]]) };
    data.self = data;
    freeze(data);
    for (const value of [data, inner, inner.a, inner.a[0], data.when, data.map])
      expect(Object.isFrozen(value)).toBe(true);
  });

  it("leaves bytes alone, which the language cannot freeze", () => {
    const data = { bytes: new Uint8Array(2) };
    expect(() => freeze(data)).not.toThrow();
    data.bytes[0] = 1;
    expect(data.bytes[0]).toBe(1);
  });

  it("does not mind data that is nested deeper than the stack, or no data", () => {
    freeze(JSON.parse("[".repeat(100_000) + "]".repeat(100_000)));
    for (const value of [undefined, null, 1, "text", true]) expect(() => freeze(value)).not.toThrow();
  });
});
