/**
 * Sojourn for Hono 4, on any runtime that Hono runs on.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import { logFailure, refusal, respond, runLazyRequest, runRequest } from "./adapter.ts";

/** What Hono's context cannot tell by itself. */
export interface HonoOptions extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf"> {
  /** The client's address, such as `getConnInfo(c).remote.address`; it is recorded at login. Default: none. */
  readonly address?: ((c: Context) => string | undefined) | undefined;
  /**
   * Hears of refused requests and of what kept a session from being saved. Default: `console.error` for what answers
   * 500.
   */
  readonly onError?: ((error: unknown, c: Context) => void) | undefined;
  /**
   * True opens the session when it is asked for, by `await sessions.open(c.req.raw)`: a request that never asks makes
   * no call of the store. `c.var.session` is not there then. Default false.
   */
  readonly lazy?: boolean | undefined;
}

/** What the context has for handlers after `honoSession`. */
export interface SessionEnv<Data extends object> {
  Variables: { session: Session<Data> };
}

/**
 * Puts the session into the context, `c.var.session`, and saves it before the response leaves, streams included: what
 * a stream's callback changes after its first `await` comes too late, and throws. Cross-site requests are refused with
 * 403, and 503 is the answer when the store is down.
 *
 * What was answered with a status below 500 is saved. With 500 and above (Hono's answer to what a handler throws),
 * changes to `data` are not saved, while the verbs (`login`, `logout`…), which have taken effect when they resolve,
 * reach the client with the error. Sojourn errors that no `onError` of the application has answered get their own
 * status.
 *
 * A WebSocket handshake must come from this application's own origin (ASVS 4.4.2), unless `csrf.nativeClients`.
 *
 * @param sessions Or a function that gives them, where the environment is known with the request only (Workers).
 * @example
 * ```ts
 * const app = new Hono<SessionEnv<MyData>>();
 * app.use(honoSession(sessions));
 * app.post("/login", async (c) => {
 *   await c.var.session.login(await authenticate(c));
 *   return c.redirect("/", 303);
 * });
 * ```
 */
export function honoSession<Data extends object>(
  sessions: Sessions<Data> | ((c: Context) => Sessions<Data>),
  given: HonoOptions = {},
): MiddlewareHandler<SessionEnv<Data>> {
  checkKnown(given, { address: true, csrf: true, lazy: true, onError: true, touch: true });
  const { address, onError = logFailure, lazy = false, ...options } = given;
  return async (c, next) => {
    const ours = typeof sessions === "function" ? sessions(c) : sessions;
    const rest = async (): Promise<Response> => {
      await next();
      // To Hono's own handler, a Sojourn error is like any other.
      return isUnanswered(c) ? respond(refusal(c.error)) : c.res;
    };
    const handling: HandleOptions = {
      ...options,
      address: address && (() => address(c)),
      // Hono's own page would keep headers of the answer that could not be saved.
      onError(error) {
        onError(error, c);
        return respond(refusal(error));
      },
    };
    const application = (session: Session<Data>): Promise<Response> => {
      c.set("session", session);
      return rest();
    };
    const { raw } = c.req;
    replace(c, await (lazy ? runLazyRequest(ours, raw, rest, handling) : runRequest(ours, raw, application, handling)));
  };
}

function isUnanswered({ error, res }: Context): boolean {
  return error !== undefined && res.status === 500 && refusal(error).status !== 500;
}

/** Hono puts the headers of the response that was there on one that is set after it, over ours: there must be none. */
function replace(c: Context, response: Response): void {
  if (c.res === response) return;
  c.res = undefined;
  c.res = response;
}
