/**
 * Sojourn for TanStack Start: a request middleware's server half. Nothing of TanStack is imported.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import { runRequest } from "./adapter.ts";

/** What `.server()` of a request middleware is given, as far as it is used. */
export interface StartRequest<Data extends object> {
  readonly request: Request;
  readonly next: (options: { readonly context: StartContext<Data> }) => Promise<StartResult> | StartResult;
}

/** What `next` gives. */
export interface StartResult {
  readonly response: Response;
}

/** What the middleware puts into the context: give it as the type argument of `.server`. */
export interface StartContext<Data extends object> {
  readonly session: Session<Data>;
}

/** Who checks for cross-site requests, who hears of failures, and where addresses come from. */
export interface StartOptions extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf" | "onError"> {
  /**
   * The client's address, from a header that your own proxy sets and no client can; it is recorded at login. Default:
   * none.
   */
  readonly address?: ((request: Request) => string | undefined) | undefined;
}

/**
 * The server half of a request middleware: `createMiddleware().server<StartContext<Data>>(startSession(sessions))`, the
 * first of `requestMiddleware`. Server functions, server routes and loaders on the server find the session in their
 * `context`.
 *
 * Only what stands inside of `.server(…)` is kept out of the browser's bundle, so there is no function here that makes
 * the whole middleware. With a status of 500 and above changes to `data` are not saved, while the verbs reach the
 * client.
 *
 * @example
 * ```ts
 * import { startSession } from "sojourn/tanstack-start";
 *
 * const server = startSession(sessions); // createMiddleware().server<StartContext<Data>>(server)
 * ```
 */
export function startSession<Data extends object>(
  sessions: Sessions<Data>,
  given: StartOptions = {},
): (start: StartRequest<Data>) => Promise<Response> {
  checkKnown(given, { address: true, csrf: true, onError: true, touch: true });
  const { address, ...options } = given;
  return ({ request, next }) =>
    runRequest(sessions, request, async (session) => (await next({ context: { session } })).response, {
      ...options,
      address: address && (() => address(request)),
    });
}
