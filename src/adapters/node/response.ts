/**
 * The part of a Node response that is used, of HTTP/1 and of HTTP/2's compatibility API alike, and how a
 * method of one response is overridden.
 */
import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";

/** What an application's handler is given: HTTP/1, or HTTP/2 by the compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

export type Method = (...args: unknown[]) => unknown;

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
 * Puts a method on this one response, and never on a prototype. `make` gets to call the method that was there,
 * native or somebody else's.
 *
 * @returns The method that was there, and `undo`, which does nothing once somebody has wrapped the new one: it must
 *   pass calls on by itself then.
 */
export function override(
  res: OpenResponse,
  name: string,
  make: (below: Method) => Method,
): { readonly below: Method; undo(): void } {
  const methods = res as unknown as Methods;
  const own = Object.hasOwn(res, name);
  const found = methods[name];
  if (!found) return { below: () => undefined, undo: () => {} };
  const below = found.bind(res);
  const above = make(below);
  methods[name] = above;
  const undo = (): void => {
    if (methods[name] !== above) return;
    if (own) methods[name] = found;
    else delete methods[name];
  };
  return { below, undo };
}

/** Makes a flag of this one response say something else for a while. */
export function pretend(res: OpenResponse, name: "headersSent" | "writableEnded", get: () => boolean): () => void {
  Object.defineProperty(res, name, { get, configurable: true, enumerable: false });
  return () => {
    delete (res as unknown as Record<string, unknown>)[name];
  };
}
