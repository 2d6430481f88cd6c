/**
 * Finds the first value in session data that a codec would lose or change, and says where it is.
 * Every codec refuses with this, so that data never changes silently between two requests.
 */
import { SessionError } from "../errors.ts";

/** Containers may be nested this deep in every codec. Bounds recursion, on the way out and on the way in. */
export const MAX_DEPTH = 100;

/** What a format keeps besides plain data (strings, booleans, null, finite numbers, arrays and plain objects). */
export interface Format {
  /** For messages. */
  readonly name: string;
  /** `undefined` is kept wherever it stands. When false it is left out of objects and refused elsewhere. */
  readonly undefined: boolean;
  readonly nonFinite: boolean;
  /** Bytes of the largest bigint that is kept; 0 for none. */
  readonly bigint: number;
  readonly holes: boolean;
  readonly cycles: boolean;
  /** Says what is wrong with a text (a value or a key), in the words that follow "found". */
  text?(text: string): string | undefined;
  /** Whether an object of a class is kept; a text says why this one is not. Maps and sets are looked into. */
  object?(value: object): boolean | string;
}

/** An object literal, one without a prototype, or an object literal of another realm (a test runner's sandbox). */
function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** Classes that the devalue codec keeps, for the advice in messages. */
const RICH = new Set(
  "Date Map Set RegExp URL URLSearchParams ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array".split(
    " ",
  ),
);

interface Fault {
  readonly path: string;
  readonly found: string;
  readonly value?: unknown;
}

/**
 * Throws SOJOURN_DATA_NOT_SERIALISABLE for the first value that the format would not give back as it was;
 * returns when there is none.
 */
export function refuseFaults(data: unknown, format: Format): void {
  const fault = new Search(format).visit(data, "", MAX_DEPTH);
  if (fault) throw notSerialisable(fault, format);
}

/** The same error, for what only the encoder noticed. */
function notSerialisable({ path, found, value }: Fault, format: Format): SessionError {
  const where = path === "" ? "Session data" : `Session data at "${path.replace(/^\./, "").slice(0, 200)}"`;
  return new SessionError(
    "SOJOURN_DATA_NOT_SERIALISABLE",
    `${where}: expected a value that ${format.name} gives back unchanged, found ${found}. ` +
      `${advice(found, value, format)}`,
  );
}

function advice(found: string, value: unknown, format: Format): string {
  const rich =
    found === "undefined" || found === "a cycle" || found === "an array with holes" || typeof value === "bigint";
  const kept = rich || typeof value === "number" || RICH.has(className(value) ?? "");
  return kept && format.name !== "devalue"
    ? 'Store a string or a number instead, or use the codec from "sojourn/codecs/devalue".'
    : "Store plain data instead: strings, numbers, booleans, null, arrays and object literals.";
}

class Search {
  /** Containers that hold the one in hand, for cycles. */
  readonly #open = new Set<object>();
  /** Containers that were looked into already and had no fault. */
  readonly #clean = new Set<object>();
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  visit(value: unknown, path: string, depth: number): Fault | undefined {
    const found = this.#primitive(value);
    if (found !== undefined) return { path, found, value };
    if (typeof value !== "object" || value === null || this.#clean.has(value)) return undefined;
    if (this.#open.has(value)) return this.#format.cycles ? undefined : { path, found: "a cycle" };
    if (depth === 0) return { path, found: `containers nested more than ${MAX_DEPTH} deep` };
    this.#open.add(value);
    const fault = this.#container(value, path, depth - 1);
    this.#open.delete(value);
    if (!fault) this.#clean.add(value);
    return fault;
  }

  #primitive(value: unknown): string | undefined {
    switch (typeof value) {
      case "string":
        return this.#format.text?.(value);
      case "number":
        return this.#format.nonFinite || Number.isFinite(value) ? undefined : String(value);
      case "undefined":
        return this.#format.undefined ? undefined : "undefined";
      case "bigint":
        if (this.#format.bigint === 0) return "a bigint";
        return value.toString(16).length > 2 * this.#format.bigint ? "a bigint that is too large" : undefined;
      case "function":
        return "a function";
      case "symbol":
        return "a symbol";
      default:
        return undefined;
    }
  }

  #container(value: object, path: string, depth: number): Fault | undefined {
    // True for Array.prototype of any realm, and for no prototype of a subclass.
    if (Array.isArray(value) && Array.isArray(Object.getPrototypeOf(value))) return this.#array(value, path, depth);
    if (isPlainObject(value)) return this.#object(value as Record<string, unknown>, path, depth);
    const kept = this.#format.object?.(value) ?? false;
    if (kept !== true) return { path, found: kept === false ? nameOf(value) : kept, value };
    if (value instanceof Map) return this.#map(value, path, depth);
    return value instanceof Set ? this.#entries([...value], `${path}.values()`, depth) : undefined;
  }

  #array(array: readonly unknown[], path: string, depth: number): Fault | undefined {
    const keys = Object.keys(array);
    const last = keys.at(-1);
    if (last !== undefined && !/^\d+$/.test(last)) return { path, found: "an array with named properties" };
    if (keys.length === array.length) return this.#entries(array, path, depth);
    if (!this.#format.holes) return { path, found: "an array with holes" };
    for (const key of keys) {
      const fault = this.visit(array[Number(key)], `${path}[${key}]`, depth);
      if (fault) return fault;
    }
    return undefined;
  }

  #entries(values: readonly unknown[], path: string, depth: number): Fault | undefined {
    for (const [index, value] of values.entries()) {
      const fault = this.visit(value, `${path}[${index}]`, depth);
      if (fault) return fault;
    }
    return undefined;
  }

  #object(object: Record<string, unknown>, path: string, depth: number): Fault | undefined {
    if (Object.getOwnPropertySymbols(object).length > 0) return { path, found: "an object with symbol keys" };
    for (const [key, value] of Object.entries(object)) {
      const inside = path + segment(key);
      // Copying such a key with an assignment replaces the prototype of the copy.
      if (key === "__proto__") return { path: inside, found: "a key that replaces prototypes" };
      const found = this.#format.text?.(key);
      if (found !== undefined) return { path: inside, found: `a key with ${found}` };
      const fault = value === undefined ? undefined : this.visit(value, inside, depth);
      if (fault) return fault;
    }
    return undefined;
  }

  #map(map: ReadonlyMap<unknown, unknown>, path: string, depth: number): Fault | undefined {
    const keys = this.#entries([...map.keys()], `${path}.keys()`, depth);
    if (keys) return keys;
    for (const [key, value] of map) {
      const name = typeof key === "string" ? JSON.stringify(key) : `a ${typeof key}`;
      const fault = this.visit(value, `${path}.get(${name})`, depth);
      if (fault) return fault;
    }
    return undefined;
  }
}

function segment(key: string): string {
  return /^[A-Za-z_$][\w$]{0,39}$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 40))}]`;
}

function className(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
}

function nameOf(value: object): string {
  const name = className(value);
  if (name === undefined) return "an object of an unnamed class";
  if (RICH.has(name)) return `${/^[AI]/.test(name) ? "an" : "a"} ${name}`;
  return Array.isArray(value) ? `an array of class ${name}` : `an instance of ${name.slice(0, 40)}`;
}
