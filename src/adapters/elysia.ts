/**
 * Sojourn for Elysia, on Bun and on Node.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import { isSessionError } from "../index.ts";
import { logFailure, refusal, respond, runRequest } from "./adapter.ts";
import { OpenedSessions } from "./opened-sessions.ts";

/** Elysia's `fetch`, as `wrap` hands it on; its types do not say what it gives. */
export type ElysiaFetch = (...given: unknown[]) => unknown;

/** What `elysiaSession` gives: a function for each of Elysia's methods of that name. */
export interface ElysiaParts<Data extends object> {
  /** For `app.wrap`: opens the session, and saves it on the final Response. */
  readonly wrap: (fetch: ElysiaFetch) => (request: Request, ...more: unknown[]) => Promise<Response>;
  /** For `app.derive({ as: "global" }, …)`: `session` in the context of each handler, with its type. */
  readonly derive: (context: { readonly request: Request }) => { session: Session<Data> };
  /** For `app.onError({ as: "global" }, …)`: answers the errors of Sojourn by their status, without their messages. */
  readonly onError: (context: { readonly error: unknown }) => Response | undefined;
}

/** Who checks for cross-site requests, and who hears of failures. */
export interface ElysiaOptions extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf"> {
  /**
   * The client's address, such as `app.server?.requestIP(request)?.address`; it is recorded at login. Default: none.
   */
  readonly address?: ((request: Request) => string | undefined) | undefined;
  /**
   * Hears of refused requests and of what kept a session from being saved. Default: `console.error` for what answers
   * 500.
   */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined;
}

const opened = new OpenedSessions("put `app.wrap(wrap)` of `elysiaSession` on the outermost application.");

/**
 * The session around a whole application of Elysia, and not in its hooks: those are not given what a handler sets as a
 * cookie or returns as a Response, and would lose the session's cookie to it.
 *
 * What was answered with a status below 500 is saved; with 500 and above changes to `data` are not, while the verbs
 * (`login`, `logout`…), which have taken effect, reach the client. Cross-site requests are refused with 403, and 503 is
 * the answer when the store is down.
 *
 * @example
 * ```ts
 * import { elysiaSession } from "sojourn/elysia";
 *
 * const { wrap, derive, onError } = elysiaSession(sessions);
 * // new Elysia().wrap(wrap).onError({ as: "global" }, onError).derive({ as: "global" }, derive)
 * ```
 */
export function elysiaSession<Data extends object>(
  sessions: Sessions<Data>,
  given: ElysiaOptions = {},
): ElysiaParts<Data> {
  checkKnown(given, { address: true, csrf: true, onError: true, touch: true });
  const { address, onError = logFailure, ...options } = given;
  return {
    wrap:
      (fetch) =>
      (request, ...more) =>
        runRequest(
          sessions,
          request,
          (session) => {
            opened.keep(sessions, request, session);
            return fetch(request, ...more) as Response | Promise<Response>;
          },
          {
            ...options,
            address: address && (() => address(request)),
            onError(error) {
              onError(error, request);
              return respond(refusal(error));
            },
          },
        ),
    derive: ({ request }) => ({ session: opened.of(sessions, request) }),
    onError: ({ error }) => (isSessionError(error) ? respond(refusal(error)) : undefined),
  };
}
