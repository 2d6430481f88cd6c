import { describe, expect, test } from "vitest";
import { decode, encode } from "../../../src/crypto/utf8.ts";
import { fc } from "../../support/fast-check.ts";
import { hex, unhex } from "./platforms.ts";

describe("utf8", () => {
  test("decode() gives back what encode() took", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decode(encode(text))).toBe(text);
      }),
    );
  });

  test("encode() leaves room in front, whatever the text", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(text, fc.nat(40), (some, room) => {
        const bytes = encode(some, room);
        expect(hex(bytes.subarray(0, room))).toBe("00".repeat(room));
        expect(hex(bytes.subarray(room))).toBe(hex(encode(some)));
      }),
    );
  });

  test("encode() gives back what decode() took, a byte order mark included", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (some) => {
        const text = decode(some);
        if (text !== null) expect(hex(encode(text))).toBe(hex(some));
      }),
      { numRuns: 2000 },
    );
    expect(hex(encode(decode(unhex("efbbbf61")) ?? ""))).toBe("efbbbf61");
  });

  test.each([
    ["a byte that starts nothing", "ff"],
    ["a cut sequence", "e282"],
    ["an overlong sequence", "c0af"],
    ["a surrogate", "eda080"],
    ["a number above U+10FFFF", "f4908080"],
  ])("decode() gives null for %s", (_what, digits) => {
    expect(decode(unhex(digits))).toBeNull();
  });
});
