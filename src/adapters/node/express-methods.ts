/**
 * Where the methods of one response are kept when not on the response itself.
 *
 * Express gives each response another prototype, and the engine then makes a new hidden class for every property that
 * is put on one: 8 µs each, and a gate needs ten. But an application's `response` is there to be extended: what all of
 * its responses inherit asks, for the one at hand, whether somebody has a method for it.
 */
import { AttachedMap } from "../../attached-map.ts";

/** A method of a response. */
export type Method = (...args: unknown[]) => unknown;

/** What a response that is held back says of itself. */
export interface Held {
  readonly ended: boolean;
}

const DISPATCHED = [
  "writeHead",
  "write",
  "end",
  "flushHeaders",
  "setHeader",
  "setHeaders",
  "appendHeader",
  "removeHeader",
] as const;
const FLAGS = ["headersSent", "writableEnded"] as const;

/** The methods of one response, and what it says of itself while it is held back. */
export interface Seat {
  readonly methods: Record<string, Method>;
  held: Held | undefined;
}

const seats = new AttachedMap<Seat>();

/** The seat of a response that has one. */
export function seatOf(res: object): Seat | undefined {
  return seats.get(res);
}

/**
 * Gives a response of Express a seat. Responses of others stay as they are, and those that somebody has wrapped
 * already: what they call below may be Node's own method, and whoever comes later goes on top of them.
 */
export function takeSeat(res: object): void {
  if (seats.get(res) || DISPATCHED.some((name) => Object.hasOwn(res, name))) return;
  const top = topOf(res);
  if (!top) return;
  const below = natives.get(top) ?? dispatchFrom(top);
  seats.set(res, { methods: { ...below }, held: undefined });
}

/** What the dispatching methods replaced, by the object that has them. */
const natives = new WeakMap<object, Readonly<Record<string, Method>>>();

/** The `response` of the application that all others are mounted on: theirs inherit from it. */
function topOf(res: object): object | undefined {
  let top: object | undefined;
  for (let each = Object.getPrototypeOf(res); each !== null; each = Object.getPrototypeOf(each)) {
    if (Object.hasOwn(each, "app") && (each as { app?: { response?: unknown } }).app?.response === each) top = each;
  }
  return top;
}

function dispatchFrom(top: object): Readonly<Record<string, Method>> {
  const below: Record<string, Method> = {};
  for (const name of DISPATCHED) {
    const found = (top as Record<string, Method | undefined>)[name];
    if (!found) continue; // runtimes that stand in for Node do not have them all
    below[name] = found;
    Object.defineProperty(top, name, { configurable: true, writable: true, value: dispatcher(name, found) });
  }
  const parent = Object.getPrototypeOf(top) as object;
  for (const flag of FLAGS) Object.defineProperty(top, flag, { configurable: true, get: flagOf(flag, parent) });
  natives.set(top, below);
  return below;
}

function dispatcher(name: string, found: Method): Method {
  return function (this: object, ...args: unknown[]): unknown {
    const method = seats.get(this)?.methods[name] ?? found;
    return method.apply(this, args);
  };
}

function flagOf(flag: (typeof FLAGS)[number], parent: object): () => unknown {
  return function (this: object): unknown {
    const held = seats.get(this)?.held;
    if (held && (flag === "headersSent" || held.ended)) return true;
    return Reflect.get(parent, flag, this);
  };
}
