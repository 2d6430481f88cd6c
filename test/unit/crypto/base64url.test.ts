import { describe, expect, test } from "vitest";
import * as chosen from "../../../src/crypto/base64url.ts";
import { fc } from "../../support/fast-check.ts";
import { bytes, hex } from "./platforms.ts";

const { portable, native } = chosen;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const ways = [
  { name: "chosen", encode: chosen.encode, decode: chosen.decode },
  { name: "portable", encode: portable.encode, decode: portable.decode },
  { name: "native", ...native(Buffer) },
];

describe.each(ways)("base64url $name", ({ encode, decode }) => {
  // RFC 4648 section 10, without the padding; and the two letters that classic base64 writes otherwise.
  test.each([
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ])("encode() writes %j as %j, and decode() reads it", (plain, encoded) => {
    expect(encode(bytes(plain))).toBe(encoded);
    expect(hex(decode(encoded))).toBe(hex(bytes(plain)));
  });

  test("encode() writes - and _", () => {
    expect(encode(Uint8Array.of(0xfb, 0xff))).toBe("-_8");
  });

  test("decode() gives back what encode() took, from a view too", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(3), (whole, skipped) => {
        const view = whole.subarray(skipped);
        expect(hex(decode(encode(view)))).toBe(hex(view));
      }),
    );
  });

  test("encode() agrees with the system", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (some) => {
        expect(encode(some)).toBe(Buffer.from(some).toString("base64url"));
      }),
    );
  });

  test("decode() takes only what encode() writes, of texts of the 64 letters", () => {
    const text = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 60 });
    fc.assert(
      fc.property(text, (candidate) => {
        const decoded = decode(candidate);
        if (decoded !== null) expect(encode(decoded)).toBe(candidate);
      }),
      { numRuns: 2000 },
    );
  });

  test("decode() takes as many texts as there are bytes: one spelling each", () => {
    const taken = (length: number): number => {
      let count = 0;
      const text = new Array<string>(length);
      const walk = (at: number): void => {
        if (at === length) count += decode(text.join("")) === null ? 0 : 1;
        else
          for (const letter of LETTERS) {
            text[at] = letter;
            walk(at + 1);
          }
      };
      walk(0);
      return count;
    };
    expect([taken(0), taken(1), taken(2), taken(3)]).toEqual([1, 0, 256, 65_536]);
  });

  test.each([
    ["a letter too many", "A"],
    ["five letters", "AAAAA"],
    ["padding", "Zg=="],
    ["half the padding", "Zm8="],
    ["classic +", "+_8A"],
    ["classic /", "-/8A"],
    ["a space inside", "Zm 9"],
    ["a space behind", "Zm9v "],
    ["a new line", "Zm9v\n"],
    ["a NUL", "Zm9v\0"],
    ["spare bits of one byte", "Zh"],
    ["spare bits of two bytes", "Zm9"],
    ["a letter beyond ASCII", "Zm9é"],
    ["a letter whose low byte is A", "ŁŁŁŁ"],
    ["an astral letter", "😀AA"],
    ["a lone surrogate", "\ud800AAA"],
    ["a dot", "Zm.9"],
    ["an asterisk, which Buffer skips", "Zm9v*"],
  ])("decode() gives null for %s", (_what, text) => {
    expect(decode(text)).toBeNull();
  });

  test("decode() never throws, and takes nothing but its own spelling", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const decoded = decode(text);
        if (decoded !== null) expect(encode(decoded)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test("decode() gives a plain Uint8Array", () => {
    expect(Object.getPrototypeOf(decode("Zm9v"))).toBe(Uint8Array.prototype);
  });
});
