/**
 * The data of a session whose answer has begun: to read, and whatever would change any of it is an error that says so.
 */
import type { SessionError } from "../errors.ts";

/** Deeper containers, which only a row that somebody else wrote can have, are left as they are: frozen. */
const MOST_DEPTH = 500;

/** The methods of Map, Set and Date that change them; the language cannot freeze those. */
const CHANGES = /^(?:set|add|delete|clear|getOrInsert)/;

type Refuse = () => SessionError;

/**
 * A copy of containers only, in proxies: in sloppy code, too, an assignment to it is an error, and it is one with a code.
 *
 * A proxy of the frozen object itself could not do it: it must give what that holds, which is frozen and says nothing.
 */
export function lateData(value: object, refuse: Refuse): object {
  const trap = (): never => {
    throw refuse();
  };
  return closed(value, { set: trap, defineProperty: trap, deleteProperty: trap, setPrototypeOf: trap }, trap, 0);
}

function closed(value: object, traps: ProxyHandler<object>, trap: () => never, depth: number): object {
  const within = (inner: unknown): unknown =>
    typeof inner === "object" && inner !== null && depth < MOST_DEPTH ? closed(inner, traps, trap, depth + 1) : inner;
  if (Array.isArray(value)) return new Proxy(Object.freeze(value.map(within)), traps);
  if (value instanceof Map) return without(new Map(value), trap);
  if (value instanceof Set) return without(new Set(value), trap);
  if (value instanceof Date) return without(new Date(value), trap);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy = Object.create(prototype as object | null) as object;
  for (const [key, inner] of Object.entries(value))
    Object.defineProperty(copy, key, { value: within(inner), enumerable: true });
  return new Proxy(Object.freeze(copy), traps);
}

function without(copy: object, trap: () => never): object {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(copy)))
    if (CHANGES.test(name)) Object.defineProperty(copy, name, { value: trap });
  return Object.freeze(copy);
}
