import { describe, expect, it } from "vitest";
import { jsonCodec } from "../../../src/codec/json.ts";
import { applyChanges, changesBetween } from "../../../src/record/merge.ts";

const between = (before: object, after: object) => changesBetween(jsonCodec, before as never, after as never);

describe("changesBetween()", () => {
  it("finds keys that came, went, and changed anywhere inside", () => {
    const before = { same: { a: [1] }, changed: { a: [1] }, gone: 1, undefined: 1 };
    const after = { same: { a: [1] }, changed: { a: [2] }, come: null, undefined: undefined };
    expect(between(before, after)).toEqual([
      { key: "changed", value: { a: [2] } },
      { key: "gone", removed: true },
      { key: "undefined", removed: true },
      { key: "come", value: null },
    ]);
    expect(between(before, before)).toEqual([]);
  });

  it("is not misled by what objects inherit", () => {
    expect(between({}, { constructor: 1 })).toEqual([{ key: "constructor", value: 1 }]);
    expect(between({ toString: 1 }, {})).toEqual([{ key: "toString", removed: true }]);
  });

  it("never carries a key that would replace a prototype", () => {
    const hostile = Object.defineProperty({}, "__proto__", { value: { polluted: true }, enumerable: true });
    expect(between({}, hostile)).toEqual([]);
    expect(between(hostile, {})).toEqual([]);
    const target: { polluted?: boolean } = {};
    applyChanges(target as never, between({}, hostile));
    expect(target.polluted).toBeUndefined();
  });
});
