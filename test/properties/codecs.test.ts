import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { cborCodec } from "../../src/codec/cbor.ts";
import type { BinaryCodec, Codec, TextCodec } from "../../src/codec/codec.ts";
import { devalueCodec } from "../../src/codec/devalue.ts";
import { jsonCodec } from "../../src/codec/json.ts";
import { xmlCodec } from "../../src/codec/xml.ts";
import { isSessionError } from "../../src/errors.ts";
import { cpuTime } from "../support/cpu-time.ts";
import { fc } from "../support/fast-check.ts";

/** A codec with the text and binary forms folded into one, so that one suite runs over all. */
interface Trial {
  readonly codec: Codec;
  readonly minusZero: boolean;
  readonly bare: boolean;
}

const trials: Trial[] = [
  { codec: jsonCodec, minusZero: false, bare: false },
  { codec: xmlCodec, minusZero: true, bare: false },
  { codec: cborCodec, minusZero: false, bare: false },
  { codec: devalueCodec, minusZero: true, bare: true },
];

const decode = (codec: Codec, encoded: string | Uint8Array): unknown =>
  codec.format === "text"
    ? (codec as TextCodec).decode(encoded as string)
    : (codec as BinaryCodec).decode(encoded as Uint8Array);

/** What the documentation of a codec allows to differ: `-0`, bare objects, `undefined` members. */
function tolerated(value: unknown, trial: Trial, seen = new Map<object, unknown>()): unknown {
  if (value === 0) return trial.minusZero ? value : 0;
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  if (Array.isArray(value)) {
    const copy: unknown[] = new Array(value.length);
    seen.set(value, copy);
    for (const key of Object.keys(value)) copy[Number(key)] = tolerated(value[Number(key)], trial, seen);
    return copy;
  }
  if (value instanceof Map)
    return new Map([...value].map(([k, v]) => [tolerated(k, trial, seen), tolerated(v, trial, seen)]));
  if (value instanceof Set) return new Set([...value].map((v) => tolerated(v, trial, seen)));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy = Object.create(trial.bare ? prototype : Object.prototype);
  seen.set(value, copy);
  const keepsUndefined = trial.codec === cborCodec || trial.codec === devalueCodec;
  for (const [key, member] of Object.entries(value))
    if (member !== undefined || keepsUndefined) copy[key] = tolerated(member, trial, seen);
  return copy;
}

const anything = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});
const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme", minLength: 60, maxLength: 90 }));
/** Data as applications have it; most of it is kept by every codec, so that round trips are really tried. */
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    text,
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, "", " ", "\r\n", "</data>", "&#38;", "]]>", "__proto__", "0"),
    fc.dictionary(text, tie("value"), { noNullPrototype: true }),
    fc.array(tie("value")),
  ),
})).value;

const same = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) === 0;

const before = Object.getOwnPropertyNames(Object.prototype).length;
const untouched = (): boolean =>
  Object.getOwnPropertyNames(Object.prototype).length === before && !("polluted" in Object.prototype);

describe.each(trials)("$codec.name", (trial) => {
  const { codec } = trial;

  const roundTrip = (value: unknown): boolean | undefined => {
    let encoded: string | Uint8Array;
    try {
      encoded = codec.encode(value);
    } catch (error) {
      expect(isSessionError(error, "SOJOURN_DATA_NOT_SERIALISABLE"), String(error)).toBe(true);
      return undefined;
    }
    const decoded = decode(codec, encoded);
    expect(isDeepStrictEqual(decoded, tolerated(value, trial))).toBe(true);
    expect(same(codec.encode(decoded), encoded)).toBe(true);
    return true;
  };

  test.each([
    ["anything", anything, 3000],
    ["application data", plain, 3000],
  ] as const)("decode(encode(x)) is x, or encode refuses: %s", (_name, arbitrary, numRuns) => {
    let kept = 0;
    fc.assert(
      fc.property(arbitrary, (value) => {
        if (roundTrip(value)) kept++;
      }),
      { numRuns },
    );
    expect(kept).toBeGreaterThan(numRuns / 10);
  });

  test("equal data encodes equally", () => {
    fc.assert(
      fc.property(plain, (value) => {
        try {
          expect(same(codec.encode(structuredClone(value)), codec.encode(value))).toBe(true);
        } catch (error) {
          if (!isSessionError(error)) throw error;
        }
      }),
    );
  });

  test("decode of hostile input throws one kind of error or returns data", () => {
    const valid = codec.encode({ a: [1, "two", { three: null }], "b c": true });
    const foreign: fc.Arbitrary<string | Uint8Array> =
      codec.format === "binary"
        ? fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated(valid as Uint8Array))
        : fc.oneof(
            fc.string({ unit: "binary" }),
            fc.json(),
            mutated(new TextEncoder().encode(valid as string)).map((bytes) => new TextDecoder().decode(bytes)),
          );
    fc.assert(
      fc.property(foreign, (encoded) => {
        const started = cpuTime();
        try {
          decode(codec, encoded);
        } catch (error) {
          expect(isSessionError(error, "SOJOURN_INVALID_DATA"), String(error)).toBe(true);
          expect((error as Error).cause).toBeUndefined();
        }
        expect(untouched()).toBe(true);
        expect(cpuTime() - started).toBeLessThan(15_000);
      }),
      { numRuns: 5000 },
    );
  });
});

/** Bytes with a few overwritten, dropped or doubled. */
function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255), kind: fc.nat(2) });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const list = [...bytes];
    for (const { at, byte, kind } of edits) list.splice(at, kind === 0 ? 1 : 0, ...(kind === 2 ? [] : [byte]));
    return Uint8Array.from(list);
  });
}
