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
  statusMessage: string;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly destroyed?: boolean;
  getHeader(name: string): number | string | readonly string[] | undefined;
  getHeaderNames(): readonly string[];
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  removeHeader(name: string): unknown;
  rawListeners(event: string): readonly ((...args: unknown[]) => unknown)[];
  destroy(error?: Error): unknown;
}

/** The response with its methods as plain properties. */
export type Methods = Record<string, Method>;

/**
 * Puts a method on this one response, and never on a prototype. The method that was there, native or somebody
 * else's, is what `make` gets to call.
 *
 * @returns Takes it away again, unless somebody has wrapped it since; then it must pass calls on by itself.
 */
export function override(res: OpenResponse, name: string, make: (below: Method) => Method): () => void {
  const methods = res as unknown as Methods;
  const own = Object.hasOwn(res, name);
  const below = methods[name];
  if (!below) return () => {};
  const above = make(below.bind(res));
  methods[name] = above;
  return () => {
    if (methods[name] !== above) return;
    if (own) methods[name] = below;
    else delete methods[name];
  };
}
