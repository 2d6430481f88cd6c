import { Encoder } from "cbor-x";
import { describe, expect, test } from "vitest";
import { cborCodec } from "../../../src/codec/cbor.ts";

const holes: unknown[] = [1];
holes[2] = 3;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("cborCodec", () => {
  test("keeps what JSON cannot, and answers with plain Uint8Arrays", () => {
    const data = {
      undef: undefined,
      numbers: [Number.NaN, Infinity, -Infinity, 0.1, 2 ** 40, -(2 ** 33)],
      bigs: [0n, 5n, -5n, 2n ** 64n, -(2n ** 64n), 2n ** 64n - 1n, 2n ** 500n],
      when: [new Date(1), new Date(-1), new Date(1_763_800_000_123), new Date(Number.NaN)],
      map: new Map<unknown, unknown>([
        ["text", { a: 1 }],
        [{ key: true }, new Map([[1, 2]])],
      ]),
      set: new Set([1, "a", { b: new Set() }]),
      bytes: new Uint8Array([1, 2, 255]),
      long: "✓".repeat(500),
    };
    const encoded = cborCodec.encode(data);
    const back = cborCodec.decode(encoded) as typeof data;
    expect(back).toStrictEqual(data);
    expect(Object.getPrototypeOf(encoded)).toBe(Uint8Array.prototype);
    expect(encoded.byteLength).toBe(encoded.buffer.byteLength);
    expect(Object.getPrototypeOf(back.bytes)).toBe(Uint8Array.prototype);
    expect(Object.keys(encoded).length).toBe(encoded.length);
  });

  test("is smaller than JSON", () => {
    const data = { userId: "u_4821", cart: [{ sku: "A-1", quantity: 2 }], theme: "dark", last: 1_763_800_000_000 };
    expect(cborCodec.encode(data).length).toBeLessThan(JSON.stringify(data).length);
  });

  test("decoded bytes do not change with the input", () => {
    const encoded = cborCodec.encode({ bytes: new Uint8Array([1, 2, 3]) });
    const back = cborCodec.decode(encoded);
    encoded.fill(0);
    expect(back).toEqual({ bytes: new Uint8Array([1, 2, 3]) });
  });

  test("encodes the same data equally, whatever was encoded before", () => {
    const first = cborCodec.encode({ a: { b: 1 } });
    for (let index = 0; index < 50; index++) cborCodec.encode({ [`k${index}`]: { a: { b: index } } });
    expect(cborCodec.encode({ a: { b: 1 } })).toEqual(first);
  });

  test.each([
    ["half a surrogate pair", { a: "\ud800x" }, '"a"', "half a surrogate pair"],
    ["half a surrogate pair in a key", { a: { "\udfff": 1 } }, '"a[', "a key with text with half"],
    ["a byte order mark", { a: `\uFEFF${"x".repeat(100)}` }, '"a"', "byte order mark"],
    ["a hole", { a: holes }, '"a"', "an array with holes"],
    ["another typed array", { a: new Uint16Array(1) }, '"a"', "a Uint16Array"],
    ["a Buffer", { a: Buffer.alloc(1) }, '"a"', "an instance of Buffer"],
    ["a RegExp", { a: /x/ }, '"a"', "a RegExp"],
    ["an Error", { a: new Error("x") }, '"a"', "an instance of Error"],
    ["a huge bigint", { a: 1n << 9000n }, '"a"', "a bigint that is too large"],
    ["a Date that would lose a millisecond", { a: new Date(-4_419_932_350_092_098) }, '"a"', "too far away"],
    ["__proto__", JSON.parse('{"a":{"__proto__":1}}'), '"a.__proto__"', "a key that replaces prototypes"],
  ])("encode() refuses %s and says where it is", (_name, data, path, found) => {
    expect(() => cborCodec.encode(data)).toThrowError(
      expect.objectContaining({
        code: "SOJOURN_DATA_NOT_SERIALISABLE",
        message: expect.stringContaining(`at ${path}`),
      }),
    );
    expect(() => cborCodec.encode(data)).toThrow(found);
  });

  test.each([
    ["nothing", ""],
    ["two items", "01 02"],
    ["a truncated text", "63 6162"],
    ["an array of 2^32 items", "9b 0000000100000000"],
    ["a text of 2^60 bytes", "7b 1000000000000000"],
    ["a map that is too long for its bytes", "ba 00ffffff 6161 01"],
    ["an indefinite length", "9f 01 ff"],
    ["a key that is not text", "a1 01 02"],
    ["__proto__", "a1 69 5f5f70726f746f5f5f a1 6561646d696e f5"],
    ["a RegExp", "d8 1b 83 66 526567457870 62612b 6167"],
    ["shared references", "d8 1c 81 d8 1d 00"],
    ["a record definition", "d9 dfff 83 19 e000 81 6161 01"],
    ["bundled strings", "d9 dff9 82 1a 00000001 60"],
    ["a packed table", "d8 33 84 81 01 80 80 e0"],
    ["an unknown tag", "c5 82 01 02"],
    ["an unknown simple value", "f8 ff"],
    ["a break", "ff"],
    ["a Date that is text", "c1 63 616263"],
    ["a Set of a number", "d9 0102 01"],
    ["a bigint of 4 KB", `c2 59 1000 ${"01".repeat(4096)}`],
    ["nesting that encode() refuses", `${"81".repeat(300)}01`],
    ["deep nesting", `${"81".repeat(100_000)}01`],
    ["deep tags", `${"d90103a1 01".replaceAll(" ", "").repeat(50_000)}01`],
  ])("decode() refuses %s", (_name, encoded) => {
    expect(() => cborCodec.decode(hex(encoded))).toThrowError(
      expect.objectContaining({ code: "SOJOURN_INVALID_DATA" }),
    );
  });

  test("decode() refuses what the general encoder makes of shared objects", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const general = new Encoder({ structuredClone: true, useRecords: true });
    expect(() => cborCodec.decode(new Uint8Array(general.encode(cycle)))).toThrow("expected bytes that the CBOR codec");
  });
});
