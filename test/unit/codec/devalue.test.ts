import { describe, expect, test } from "vitest";
import { devalueCodec } from "../../../src/codec/devalue.ts";

const holes: unknown[] = [1];
holes[2] = 3;

class Cart {}
class Stamp extends Date {}
const searching = /a/g;
searching.lastIndex = 1;

describe("devalueCodec", () => {
  test("keeps what JSON cannot", () => {
    const shared = { when: new Date(1) };
    const data: Record<string, unknown> = {
      undef: undefined,
      numbers: [Number.NaN, Infinity, -Infinity, -0],
      big: -(2n ** 70n),
      map: new Map<unknown, unknown>([[shared, new Set([1, "a"])]]),
      bytes: new Uint8Array([1, 2, 255]),
      floats: new Float64Array([0.5]),
      buffer: new Uint8Array([7]).buffer,
      url: new URL("https://example.test/a?b=c"),
      pattern: /a+/gi,
      holes,
      bare: Object.assign(Object.create(null), { a: 1 }),
      shared,
    };
    data.self = data;
    const back = devalueCodec.decode(devalueCodec.encode(data)) as typeof data;
    expect(back).toStrictEqual(data);
    expect(back.self).toBe(back);
    expect([...(back.map as Map<unknown, unknown>).keys()][0]).toBe(back.shared);
  });

  test.each([
    ["a function", { a: [() => 1] }, '"a[0]"', "a function"],
    ["a symbol", { s: Symbol("x") }, '"s"', "a symbol"],
    ["a class instance", { cart: new Cart() }, '"cart"', "an instance of Cart"],
    ["a subclass of Date", { s: new Stamp() }, '"s"', "an instance of Stamp"],
    ["a promise", { p: Promise.resolve(1) }, '"p"', "an instance of Promise"],
    ["a Buffer", { b: Buffer.from("x") }, '"b"', "an instance of Buffer"],
    ["a part of a buffer", { b: new Uint8Array(new ArrayBuffer(8), 2, 2) }, '"b"', "a view of a part of a buffer"],
    ["shared memory", { b: new Uint8Array(new SharedArrayBuffer(8)) }, '"b"', "a buffer that is shared"],
    ["a Map with properties", { m: Object.assign(new Map(), { a: 1 }) }, '"m"', "an object with properties of its own"],
    ["a RegExp that is searching", { r: searching }, '"r"', "a RegExp in the middle of a search"],
    ["a fault in a Map", { m: new Map([["k", () => 1]]) }, `"m.get("k")"`, "a function"],
    ["a fault in a key of a Map", { m: new Map([[() => 1, 1]]) }, '"m.keys()[0]"', "a function"],
    ["a fault in a Set", { s: new Set([1, () => 1]) }, '"s.values()[1]"', "a function"],
    ["__proto__", JSON.parse('{"a":{"__proto__":1}}'), '"a.__proto__"', "a key that replaces prototypes"],
  ])("encode() refuses %s and says where it is", (_name, data, path, found) => {
    expect(() => devalueCodec.encode(data)).toThrowError(
      expect.objectContaining({
        code: "SOJOURN_DATA_NOT_SERIALISABLE",
        message: expect.stringContaining(`at ${path}`),
      }),
    );
    expect(() => devalueCodec.encode(data)).toThrow(`found ${found}`);
  });

  test.each([
    ["__proto__", '[{"__proto__":1},{"admin":2},true]'],
    ["an unknown type", '[["Function","alert(1)"]]'],
    ["an index out of range", "[[5]]"],
    ["no JSON", "password=hunter2"],
    ["deep nesting", `[${Array.from({ length: 100_000 }, (_, i) => `[${i + 1}]`).join(",")},1]`],
    ["a huge typed array", '[["Uint8Array",1],1e9]'],
  ])("decode() refuses %s", (_name, encoded) => {
    expect(() => devalueCodec.decode(encoded)).toThrowError(expect.objectContaining({ code: "SOJOURN_INVALID_DATA" }));
  });

  test("encode() visits objects that are shared once", () => {
    let wide: unknown = { leaf: true };
    for (let level = 0; level < 60; level++) wide = [wide, wide];
    expect(devalueCodec.decode(devalueCodec.encode(wide))).toHaveLength(2);
    expect(() => devalueCodec.encode([wide, () => 1])).toThrow('at "[1]"');
  });

  test("decode() of a sparse array with a huge length stays small", () => {
    expect(devalueCodec.decode("[[-7,4294967295,0,1],1]")).toHaveLength(4294967295);
  });
});
