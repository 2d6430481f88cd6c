/**
 * The default codec: JSON, and an error where JSON would change the data without a word.
 */
import { SessionError } from "../errors.ts";
import type { TextCodec } from "./codec.ts";
import { type Format, MAX_DEPTH, refuseFaults } from "./fault.ts";

const FORMAT: Format = {
  name: "JSON",
  undefined: false,
  nonFinite: false,
  bigint: 0,
  holes: false,
  cycles: false,
};

/**
 * Session data as JSON.
 *
 * Keeps strings, finite numbers, booleans, null, arrays and object literals. Everything that
 * `JSON.stringify` would turn into something else (a `Date`, `Map`, `Set`, typed array, bigint, `NaN`, class
 * instance, function, symbol, `undefined` or a hole in an array) or cannot write (a cycle) is refused with the path
 * to it; use `sojourn/codecs/devalue` for such data.
 *
 * Three things are not refused. A property that is `undefined` is left out, which is how a key is
 * deleted. `-0` comes back as `0`. An object without a prototype, such as a parsed query string, comes back as an
 * object literal. Objects that are referred to twice come back as two.
 *
 * A key named `__proto__` is refused in both directions: copying it with an assignment would replace
 * the prototype of the copy.
 *
 * Equal data encodes equally when its keys were added in the same order; another order costs one needless
 * write, and never loses a change.
 *
 * @throws SessionError `SOJOURN_DATA_NOT_SERIALISABLE` from `encode`, naming the path.
 * @throws SessionError `SOJOURN_INVALID_DATA` from `decode`, for text that `encode` did not make.
 *
 * @example
 * ```ts
 * jsonCodec.encode({ cart: [{ sku: "A-1", quantity: 2 }] }); // → '{"cart":[{"sku":"A-1","quantity":2}]}'
 * jsonCodec.encode({ seen: new Date() }); // throws SOJOURN_DATA_NOT_SERIALISABLE: at "seen", found a Date
 * ```
 */
export const jsonCodec: TextCodec = {
  name: "json",
  format: "text",

  encode(data) {
    // The slow search runs only when the quick look was not convinced; it decides, and has the path.
    if (data === undefined || !isKept(data, MAX_DEPTH)) refuseFaults(data, FORMAT);
    return JSON.stringify(data);
  },

  decode(encoded) {
    let data: unknown;
    try {
      data = JSON.parse(encoded);
    } catch {
      // The parser's message quotes the text, which is the session's data.
      throw invalid("text that is not JSON");
    }
    if (mayBeDeep(encoded) && !isKept(data, MAX_DEPTH)) throw invalid(`containers nested more than ${MAX_DEPTH} deep`);
    // `\u00` may spell the key with escapes; `encode` writes it for control characters only.
    if ((encoded.includes("__proto__") || encoded.includes("\\u00")) && hasPrototypeKey(data))
      throw invalid("a key that replaces prototypes");
    return data;
  },
};

/** Whether the text opens more containers than may be nested: what `encode` would refuse must not be loaded. */
function mayBeDeep(text: string): boolean {
  let opened = 0;
  for (const bracket of "{[") {
    for (let at = text.indexOf(bracket); at !== -1 && opened <= MAX_DEPTH; at = text.indexOf(bracket, at + 1)) opened++;
  }
  return opened > MAX_DEPTH;
}

/** True when JSON keeps the value. Called for every request: no path, no allocation beyond the keys of arrays. */
function isKept(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return value - value === 0; // false for NaN and the infinities
    case "object":
      return value === null || (depth > 0 && isKeptContainer(value, depth - 1));
    default:
      return false;
  }
}

function isKeptContainer(value: object, depth: number): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    for (const key in value) {
      const child = (value as Record<string, unknown>)[key];
      if ((child !== undefined && !isKept(child, depth)) || key === "__proto__") return false;
    }
    return Object.getOwnPropertySymbols(value).length === 0;
  }
  if (prototype !== Array.prototype || !Array.isArray(value)) return false;
  for (let index = 0; index < value.length; index++) if (!isKept(value[index], depth)) return false;
  // Named properties; holes were undefined above. Which of the two is faster depends on the length.
  const own = value.length < 32 ? Object.keys(value) : Object.values(value);
  return own.length === value.length;
}

/** Iterative: parsed text may be nested deeper than the stack. */
function hasPrototypeKey(data: unknown): boolean {
  const rest = [data];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== "object" || value === null) continue;
    if (Object.hasOwn(value, "__proto__")) return true;
    for (const child of Object.values(value)) rest.push(child);
  }
  return false;
}

function invalid(found: string): SessionError {
  return new SessionError("SOJOURN_INVALID_DATA", `Session data: expected JSON that this codec wrote, found ${found}.`);
}
