/**
 * The part of a Node response that is used, of HTTP/1 and of HTTP/2's compatibility API alike, and how a
 * method of one response is overridden.
 */
import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { type Held, type Method, seatOf } from "./express-methods.ts";

/** What an application's handler is given: HTTP/1, or HTTP/2 by the compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** `ServerResponse`, as far as both kinds have it, with methods that can be replaced. */
export interface OpenResponse {
  statusCode: number;
  statusMessage: string | undefined;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly destroyed?: boolean;
  readonly req?: { readonly method?: string | undefined } | undefined;
  getHeader(name: string): number | string | readonly string[] | undefined;
  getHeaderNames(): readonly string[];
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  removeHeader(name: string): unknown;
  rawListeners(event: string): readonly ((...args: unknown[]) => unknown)[];
  end(body?: string): unknown;
  destroy(error?: Error): unknown;
}

/** HTTP/2 has no reason phrase, and warns when one is asked for. */
export const hasReason = (res: OpenResponse): boolean => !("stream" in res);

type Methods = Record<string, Method>;

/**
 * Puts a method on this one response. `make` gets to call the method that was there, native or somebody else's. It
 * stays: somebody may have wrapped it, and taking properties away from an object makes all that follows slow.
 *
 * @returns The method that was there.
 */
export function override(res: OpenResponse, name: string, make: (below: Method) => Method): Method {
  const seat = seatOf(res);
  const methods = seat && Object.hasOwn(seat.methods, name) ? seat.methods : (res as unknown as Methods);
  const found = methods[name];
  if (!found) return () => undefined;
  const below: Method = (...args) => found.apply(res, args);
  methods[name] = make(below);
  return below;
}

const HELD = Symbol("held");

type Holdable = object & { [HELD]?: Held | undefined };

const native = (res: Holdable, name: "headersSent" | "writableEnded"): unknown =>
  Reflect.get(Object.getPrototypeOf(res), name, res);

/** The same functions for every response, so that all of them keep one hidden class. */
const FLAGS: PropertyDescriptorMap & ThisType<Holdable> = {
  headersSent: {
    configurable: true,
    get() {
      return this[HELD] !== undefined || native(this, "headersSent");
    },
  },
  writableEnded: {
    configurable: true,
    get() {
      return this[HELD]?.ended ?? native(this, "writableEnded");
    },
  },
};

/** Makes this one response say that its head is out; undefined lets it speak for itself again. */
export function pretend(res: OpenResponse, held: Held | undefined): void {
  const seat = seatOf(res);
  if (seat) {
    seat.held = held;
    return;
  }
  if (!Object.hasOwn(res, HELD)) Object.defineProperties(res, FLAGS);
  (res as Holdable)[HELD] = held;
}
