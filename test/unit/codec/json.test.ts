import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { jsonCodec } from "../../../src/codec/json.ts";
import { SessionError } from "../../../src/errors.ts";

const holes: unknown[] = [1];
holes[2] = 3;

const refusal = (data: unknown): SessionError => {
  try {
    jsonCodec.encode(data);
  } catch (error) {
    if (error instanceof SessionError) return error;
    throw error;
  }
  throw new Error("encode() accepted it");
};

class Cart {
  items = [];
}
class List extends Array {}
const cycle: Record<string, unknown> = { a: { b: [] } };
(cycle as { a: { b: unknown[] } }).a.b.push(cycle);
let deep: unknown = null;
for (let level = 0; level < 101; level++) deep = [deep];
const match = "abc".match(/b/);

describe("jsonCodec.encode()", () => {
  test("writes plain data as JSON does", () => {
    const data = {
      user: "ann",
      n: 1.5,
      yes: true,
      none: null,
      list: [1, "two", { three: 3 }, []],
      "odd key": "\u0000\ud800 \u2028 ✓",
      constructor: "a word like any other",
    };
    expect(jsonCodec.encode(data)).toBe(JSON.stringify(data));
    expect(jsonCodec.decode(jsonCodec.encode(data))).toStrictEqual(data);
  });

  test.each([
    ["a Date", { cart: { items: [0, 1, { when: new Date() }] } }, '"cart.items[2].when"', "a Date"],
    ["a Map", { m: new Map() }, '"m"', "a Map"],
    ["a Set", { s: new Set() }, '"s"', "a Set"],
    ["a bigint", { big: 1n }, '"big"', "a bigint"],
    ["NaN", { n: Number.NaN }, '"n"', "NaN"],
    ["Infinity", [[-Infinity]], '"[0][0]"', "-Infinity"],
    ["undefined in an array", { a: [1, undefined] }, '"a[1]"', "undefined"],
    ["a hole", { a: holes }, '"a"', "an array with holes"],
    ["a function", { f: () => 1 }, '"f"', "a function"],
    ["toJSON()", { f: { toJSON: () => 1 } }, '"f.toJSON"', "a function"],
    ["a symbol", { y: Symbol("x") }, '"y"', "a symbol"],
    ["a symbol key", { o: { [Symbol("x")]: 1 } }, '"o"', "an object with symbol keys"],
    ["a class instance", { cart: new Cart() }, '"cart"', "an instance of Cart"],
    ["an array of a subclass", { l: List.from([1]) }, '"l"', "an array of class List"],
    ["an array with properties", { match }, '"match"', "an array with named properties"],
    ["a typed array", { bytes: new Uint8Array(2) }, '"bytes"', "a Uint8Array"],
    ["a Buffer", { bytes: Buffer.alloc(2) }, '"bytes"', "an instance of Buffer"],
    ["an ArrayBuffer", { bytes: new ArrayBuffer(2) }, '"bytes"', "an ArrayBuffer"],
    ["a boxed string", { s: Object("x") }, '"s"', "an instance of String"],
    ["an error", { e: new TypeError("secret") }, '"e"', "an instance of TypeError"],
    ["a promise", { p: Promise.resolve() }, '"p"', "an instance of Promise"],
    ["a cycle", cycle, '"a.b[0]"', "a cycle"],
    ["too many levels", { deep }, '"deep', "containers nested more than 100 deep"],
    ["an odd key", { "a b": { "1": 1n } }, `"["a b"]["1"]"`, "a bigint"],
    ["__proto__", JSON.parse('{"a":{"__proto__":{"admin":true}}}'), '"a.__proto__"', "a key that replaces prototypes"],
  ])("refuses %s and says where it is", (_name, data, path, found) => {
    const error = refusal(data);
    expect(error.code).toBe("SOJOURN_DATA_NOT_SERIALISABLE");
    expect(error.message).toContain(`at ${path}`);
    expect(error.message).toContain(`found ${found}`);
    expect(error.message).not.toContain("secret");
  });

  test.each([undefined, 1n, Number.NaN, () => 1, new Date()])("refuses %s as the data itself", (data) => {
    expect(refusal(data).message).toMatch(/^Session data: expected/);
  });

  test("names the codec that keeps the value, when there is one", () => {
    for (const value of [new Date(), new Map(), 1n, Number.NaN, [undefined], new Float32Array(1)])
      expect(refusal({ value }).message).toContain('"sojourn/codecs/devalue"');
    for (const value of [() => 1, Symbol("x"), new Cart()]) expect(refusal({ value }).message).not.toContain("devalue");
  });

  test("leaves out members that are undefined", () => {
    expect(jsonCodec.encode({ a: undefined, b: { c: undefined, d: 1 } })).toBe('{"b":{"d":1}}');
  });

  test("takes objects without a prototype, and those of another realm", () => {
    const bare = Object.assign(Object.create(null), { a: [1] });
    expect(jsonCodec.encode(bare)).toBe('{"a":[1]}');
    expect(jsonCodec.encode(runInNewContext("({ a: [1, { b: null }] })"))).toBe('{"a":[1,{"b":null}]}');
    expect(() => jsonCodec.encode(runInNewContext("({ when: new Date() })"))).toThrow(/"when".*found a Date/);
  });

  test("writes -0 as 0, and shared objects twice", () => {
    const shared = { a: -0 };
    expect(jsonCodec.encode([shared, shared])).toBe('[{"a":0},{"a":0}]');
  });

  test("takes 100 levels", () => {
    expect(jsonCodec.decode(jsonCodec.encode((deep as unknown[])[0]))).toEqual((deep as unknown[])[0]);
  });
});

describe("jsonCodec.decode()", () => {
  test.each([
    ["__proto__", '{"a":[{"__proto__":{"admin":true}}]}'],
    ["__proto__ in escapes", '{"\\u005f_proto__":{"admin":true}}'],
    ["__proto__ in escapes of letters", '{"__\\u0070roto__":{"admin":true}}'],
    ["text that is not JSON", '{"password":"hunter2'],
    ["nothing", ""],
  ])("refuses %s", (_name, encoded) => {
    expect(() => jsonCodec.decode(encoded)).toThrowError(expect.objectContaining({ code: "SOJOURN_INVALID_DATA" }));
    expect(() => jsonCodec.decode(encoded)).not.toThrow(/hunter2/);
  });

  test("keeps texts that look like the key", () => {
    const data = { a: "__proto__", b: 'x"__proto__":1', c: "\u0001" };
    expect(jsonCodec.decode(jsonCodec.encode(data))).toEqual(data);
  });

  test.each([101, 200_000])("refuses %i levels, which encode() would refuse at the end of the request", (depth) => {
    const encoded = `{"x":"__proto__","y":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(() => jsonCodec.decode(encoded)).toThrow("nested more than 100 deep");
  });

  test("takes any number of containers side by side", () => {
    const wide = Array.from({ length: 500 }, (_, at) => ({ at: [at] }));
    expect(jsonCodec.decode(jsonCodec.encode(wide))).toEqual(wide);
  });
});
