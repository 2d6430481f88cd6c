/**
 * Sojourn for Hono 4, on any runtime that Hono runs on.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import { isSessionError, type OpenOptions, type Session, type Sessions } from "../index.ts";
import { forbidden, logFailure, refusal, refuse } from "../request/error-response.ts";
import { formField, releaseAfter, respond, withHeaders } from "../request/handle.ts";
import { inHand, letGo, takeInHand } from "../request/nested.ts";
import { addressed } from "./fetch/addressed.ts";

/** What Hono's context cannot tell by itself. */
export interface HonoOptions extends OpenOptions {
  /** The client's address, such as `getConnInfo(c).remote.address`; it is recorded at login. Default: none. */
  readonly address?: ((c: Context) => string | undefined) | undefined;
  /** Hears what kept a session from being saved. Default: `console.error` for what answers 500. */
  readonly onError?: ((error: unknown, c: Context) => void) | undefined;
}

/** What the context has for handlers after `honoSession`. */
export interface SessionEnv<Data extends object> {
  Variables: { session: Session<Data> };
}

/**
 * Puts the session into the context, `c.var.session`, and saves it before the response leaves, streams included: what
 * a stream's callback changes after its first `await` comes too late, and throws. Cross-site requests are refused with 403,
 * and 503 is the answer when the store is down.
 *
 * What was answered with a status below 500 is saved. With 500 and above (Hono's answer to what a handler throws),
 * changes to `data` are not saved, while the verbs (`login`, `logout`…), which have taken effect when they resolve, reach
 * the client with the error. Sojourn errors that no `onError` of the application has answered get their own status.
 *
 * A WebSocket handshake is a GET, so the check for cross-site requests lets it through: ask `sessions.protectUpgrade`.
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
  { address, onError = logFailure, touch }: HonoOptions = {},
): MiddlewareHandler<SessionEnv<Data>> {
  return async (c, next) => {
    const ours = typeof sessions === "function" ? sessions(c) : sessions;
    const request = c.req.raw;
    const outer = inHand(ours, request);
    if (outer) {
      // Of an application within this one, which has a context of its own.
      c.set("session", outer);
      return next();
    }
    let session: Session<Data>;
    try {
      const source = address ? addressed(request, () => address(c)) : request;
      session = await ours.open(source, { touch });
      const protection = await ours.protect(source, session, (field) => formField(request, field));
      if (!protection.allowed) return respond(forbidden(protection.reason));
    } catch (error) {
      onError(error, c);
      return respond(refusal(error));
    }
    c.set("session", session);
    takeInHand(ours, request, session);
    await next();
    letGo(ours, request);
    try {
      // To Hono's own handler, a Sojourn error is like any other.
      if (isSessionError(c.error) && c.res.status === 500) replace(c, respond(refusal(c.error)));
      const headers = await ours.commit(session, { status: c.res.status });
      replace(c, releaseAfter(session, withHeaders(c.res, headers)));
    } catch (error) {
      onError(error, c);
      c.res.body?.cancel().catch(() => {});
      session.release();
      replace(c, respond(await refuse(ours, session, error)));
    }
    return undefined;
  };
}

/** Hono puts the headers of the response that was there on one that is set after it, over ours: there must be none. */
function replace(c: Context, response: Response): void {
  if (c.res === response) return;
  c.res = undefined;
  c.res = response;
}
