import { describe, expect, it } from "vitest";
import { fromText, isPlain, toText } from "../../../src/stores/parts/text.ts";

describe("toText()", () => {
  it("keeps nearly all text as it is", () => {
    for (const text of ["a", "{}", "ä😀", "a\ufeffb", '"\u0002'] as const) expect(toText(text)).toBe(text);
  });

  it("escapes what a database, its driver or its decoder would change, and gives each back", () => {
    const escaped = ["", "\0", "a\0b", "\ud800", "a\udc00", "\u0001", '\u0001"a"', "\ufeff", "\ufeff{}"];
    for (const text of escaped) {
      expect(isPlain(toText(text))).toBe(true);
      expect(toText(text)).toMatch(/^[^\ufeff]/);
      expect(fromText(toText(text))).toBe(text);
    }
    expect(new Set(escaped.map(toText)).size).toBe(escaped.length);
  });
});
