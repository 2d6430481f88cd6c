/**
 * Sojourn for everything that turns a Fetch `Request` into a `Response`: Bun, Deno, Workers, and most frameworks.
 *
 * @module
 */

import { checkKnown } from "../errors.ts";
import type { HandleOptions, Handler, OpenOptions, Session, Sessions } from "../index.ts";
import { runLazyRequest, runRequest } from "./adapter.ts";

export type { Handler };

/**
 * @typeParam More What the runtime passes beside the request: the server (Bun), connection facts (Deno), env and
 * context (Workers).
 */
export interface FetchOptions<More extends readonly unknown[] = []> extends OpenOptions {
  /** The client's address, as your runtime or your own proxy vouches for it; it is recorded at login. Default: none. */
  readonly address?: ((request: Request, ...more: More) => string | undefined) | undefined;
  /** False leaves the check of where requests come from to you. Default true. */
  readonly csrf?: boolean | undefined;
  /** What the handler threw as its answer. Default: `answerOf` of `sojourn/adapter`. */
  readonly isAnswer?: HandleOptions["isAnswer"];
  /**
   * Answers an error: a request that was refused, a store that is down, what the handler threw, what could not be
   * saved. Default, and when it gives undefined: the answer has the status of the Sojourn error when that is below 500
   * or 503; every other error is thrown on to the runtime. When the client has to be told of a login or logout that has
   * taken effect, it is not thrown but logged and answered with 500.
   */
  readonly onError?:
    | ((error: unknown, request: Request) => Response | undefined | Promise<Response | undefined>)
    | undefined;
}

const KNOWN: Readonly<Record<keyof FetchOptions, true>> = {
  address: true,
  csrf: true,
  isAnswer: true,
  onError: true,
  touch: true,
  key: true,
  readOnly: true,
};

/**
 * A Fetch handler whose function is given the session; `sessions.handle` as a value, with options.
 *
 * Cross-site requests are refused with 403, and 503 is the answer when the store is down. What the handler answers with
 * a status below 500 is saved before the response is returned. With 500 and above, or when it throws, changes to `data`
 * are not saved, while the verbs (`login`, `logout`…), which have taken effect when they resolve, reach the client with
 * the error.
 *
 * A WebSocket handshake must come from this application's own origin (ASVS 4.4.2), unless `csrf.nativeClients`.
 * `session.signal` is let go of when the body ends, if it was asked for before the response was returned; a stream
 * that asks later calls `session.release()` by itself.
 *
 * @example
 * ```ts
 * export default {
 *   fetch: withSession(sessions, async (session, request) => {
 *     const count = await session.update("count", (n = 0) => n + 1);
 *     return new Response(`Count: ${count}`);
 *   }),
 * };
 * ```
 */
export function withSession<Data extends object, More extends readonly unknown[] = []>(
  sessions: Sessions<Data>,
  handler: (session: Session<Data>, request: Request, ...more: More) => Response | Promise<Response>,
  options: FetchOptions<More> = {},
): (request: Request, ...more: More) => Promise<Response> {
  checkKnown(options, KNOWN);
  return (request, ...more) =>
    runRequest(sessions, request, (session) => handler(session, request, ...more), asHandle(options, request, more));
}

/**
 * The same for a handler that asks for the session when it needs it: a request whose handler never asks makes no call
 * of the store. `sessions.open(request)` gives it too, in whatever the handler calls. Requests that change something
 * (POST and the like) are opened before, for they must be checked.
 *
 * @example
 * ```ts
 * export default {
 *   fetch: withLazySession(sessions, async (open, request) => {
 *     if (new URL(request.url).pathname === "/about") return new Response("About"); // reads nothing
 *     return new Response(`Hello ${(await open()).userId ?? "stranger"}`);
 *   }),
 * };
 * ```
 */
export function withLazySession<Data extends object, More extends readonly unknown[] = []>(
  sessions: Sessions<Data>,
  handler: (open: () => Promise<Session<Data>>, request: Request, ...more: More) => Response | Promise<Response>,
  options: FetchOptions<More> = {},
): (request: Request, ...more: More) => Promise<Response> {
  checkKnown(options, KNOWN);
  return (request, ...more) =>
    runLazyRequest(sessions, request, (open) => handler(open, request, ...more), asHandle(options, request, more));
}

function asHandle<More extends readonly unknown[]>(
  { address, onError, ...options }: FetchOptions<More>,
  request: Request,
  more: More,
): HandleOptions {
  return {
    ...options,
    address: address && (() => address(request, ...more)),
    onError: onError && ((error) => onError(error, request)),
  };
}
