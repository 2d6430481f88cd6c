/**
 * The head of a Node response: what the application said of it, and what the session adds.
 */
import { applyHeaders, type HeaderOp } from "../../index.ts";
import type { OpenResponse } from "./response.ts";

type Value = number | string | readonly string[];

/**
 * Moves the headers that were given to `writeHead` into the response, so that others can be added to them.
 * Node takes an object, a flat list, or a list of pairs, after the status and, perhaps, a reason. In lists a name
 * may come more than once, and each time makes a line; a name that was set before is replaced.
 *
 * @returns The arguments that are left: the status, and the reason if there was one.
 */
export function absorbHead(res: OpenResponse, args: readonly unknown[]): unknown[] {
  const hasReason = typeof args[1] === "string";
  const headers: unknown = hasReason ? args[2] : (args[2] ?? args[1]);
  if (Array.isArray(headers)) absorbList(res, pairs(headers));
  else if (typeof headers === "object" && headers !== null) {
    for (const [name, value] of Object.entries(headers)) if (name !== "") res.setHeader(name, value as Value);
  }
  return args.slice(0, hasReason ? 2 : 1);
}

function pairs(list: readonly unknown[]): readonly (readonly [string, Value])[] {
  if (Array.isArray(list[0])) return list as readonly (readonly [string, Value])[];
  if (list.length % 2 !== 0) throw new TypeError("The list of headers for writeHead must have a value for each name.");
  return Array.from({ length: list.length / 2 }, (_, at) => [list[2 * at] as string, list[2 * at + 1] as Value]);
}

function absorbList(res: OpenResponse, list: readonly (readonly [string, Value])[]): void {
  const lines = new Map<string, { readonly name: string; readonly values: Value[] }>();
  for (const [name, value] of list) {
    if (!name) continue;
    const line = lines.get(name.toLowerCase());
    if (line) line.values.push(value);
    else lines.set(name.toLowerCase(), { name, values: [value] });
  }
  for (const { name, values } of lines.values()) {
    const [first] = values;
    res.setHeader(name, values.length === 1 && first !== undefined ? first : values.flat().map(String));
  }
}

/** Puts the session's headers on: what the application has set, as text or as a list, is kept as each of them says. */
export function applyToResponse(res: OpenResponse, operations: readonly HeaderOp[]): void {
  if (operations.length > 0) applyHeaders(new ResponseHeaders(res), operations);
}

/** The verbs of Fetch's `Headers`, on a response. */
class ResponseHeaders {
  readonly #res: OpenResponse;

  constructor(res: OpenResponse) {
    this.#res = res;
  }

  get(name: string): string | null {
    const present = this.#res.getHeader(name);
    return present === undefined ? null : linesOf(present).join(", ");
  }

  set(name: string, value: string): void {
    this.#res.setHeader(name, value);
  }

  append(name: string, value: string): void {
    const present = this.#res.getHeader(name);
    this.#res.setHeader(name, present === undefined ? [value] : [...linesOf(present), value]);
  }
}

function linesOf(present: Value): readonly string[] {
  return typeof present === "object" ? present : [String(present)];
}
