/**
 * Sojourn for Express 5, and for what takes its kind of middleware.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { isPromise } from "../awaitable.ts";
import { checkKnown } from "../errors.ts";
import { type OpenOptions, type Session, SessionError, type Sessions } from "../index.ts";
import { logFailure, mayWait, type NodeOpening, nodeOpening, type OnError, openNodeLazily, ready } from "./adapter.ts";
import { takeSeat } from "./node/express-methods.ts";
import { openNodeAtOnce } from "./node/open-node.ts";

/** The part of Express's request that is used. */
export interface ExpressRequest extends IncomingMessage {
  readonly ip?: string | undefined;
  readonly body?: unknown;
  session?: unknown;
}

/** What `app.use` takes. */
export type ExpressMiddleware = (
  req: ExpressRequest,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** Who checks for cross-site requests, and who hears of failures. */
export interface ExpressOptions extends Pick<OpenOptions, "touch"> {
  /** False leaves cross-site requests to `expressCsrf`, further down. Default true. */
  readonly csrf?: boolean | undefined;
  /**
   * True opens the session when it is asked for, by `await sessions.open(req)`: a request that never asks makes no call
   * of the store. `req.session` is not there then. Requests that change something (POST and the like) are opened
   * before, for they must be checked. Default false.
   */
  readonly lazy?: boolean | undefined;
  /** Hears what kept a session from being saved. Default: `console.error` for what answers 500. */
  readonly onError?: OnError | undefined;
}

/**
 * Puts the session on `req.session`, and holds the response back until it is saved, whatever sends it: `res.json`,
 * `redirect`, `sendFile`, a pipe, an error page. What is saved with which status is told in `withSession` of
 * `sojourn/node`.
 *
 * A cross-site request, a store that is down, and a commit that failed go to the application's error handlers, as
 * errors with a `status` (403, 503…); one that fails while a stream is being written is answered here. Addresses are
 * `req.ip`, so set `trust proxy`.
 *
 * A CSRF token is looked for in its header, and in `req.body`: put the parsers of forms before this, or
 * `csrf: false` here and `expressCsrf` after them.
 *
 * `getSession(sessions, req)` has the type of your data. For `req.session`, declare it in `Express.Request`; a project
 * that has `@types/express-session` cannot, for that declares it already.
 *
 * @example
 * ```ts
 * app.use(express.urlencoded());
 * app.use(expressSession(sessions));
 * app.post("/login", async (req, res) => {
 *   await getSession(sessions, req).login(await authenticate(req.body));
 *   res.redirect(303, "/");
 * });
 * ```
 */
export function expressSession<Data extends object>(
  sessions: Sessions<Data>,
  options: ExpressOptions = {},
): ExpressMiddleware {
  checkKnown(options, { csrf: true, lazy: true, onError: true, touch: true });
  const { csrf = true, lazy = false, onError = logFailure, touch } = options;
  ready(sessions);
  return async (req, res, next) => {
    const before = nodeOpening(sessions, req);
    if (before && (!csrf || before.protected)) return next();
    takeSeat(res);
    const address = (): string | undefined => req.ip ?? req.socket.remoteAddress;
    if (lazy && mayWait(req)) {
      openNodeLazily(sessions, req, res, { touch, address, onError, handOver: next });
      return next();
    }
    let opening: NodeOpening<Data>;
    try {
      const body = csrf && ((): unknown => req.body);
      const found = openNodeAtOnce(sessions, req, res, { touch, address, csrf: body, onError, handOver: next });
      // What comes later is called at once, too, where nothing has to be waited for.
      opening = isPromise(found) ? await found : found;
    } catch (error) {
      return next(error);
    }
    if (!lazy) req.session = opening.session;
    opening.run(next);
  };
}

/**
 * The check for cross-site requests by itself, for applications that parse forms after `expressSession`: give
 * that one `csrf: false`, and put this after the parsers and before whatever changes something.
 *
 * @example
 * ```ts
 * app.use(expressSession(sessions, { csrf: false }));
 * app.use(express.urlencoded());
 * app.use(expressCsrf(sessions));
 * ```
 */
export function expressCsrf<Data extends object>(sessions: Sessions<Data>): ExpressMiddleware {
  return async (req, _res, next) => {
    try {
      await openedOn(sessions, req).protect(() => req.body);
    } catch (error) {
      return next(error);
    }
    next();
  };
}

/**
 * The session that `expressSession` opened for this request, with its type.
 *
 * @throws SOJOURN_UNSUPPORTED when that middleware has not run before.
 * @example
 * ```ts
 * app.get("/", (req, res) => {
 *   const session = getSession(sessions, req);
 *   res.send(`theme: ${session.data.theme}`);
 * });
 * ```
 */
export function getSession<Data extends object>(sessions: Sessions<Data>, req: IncomingMessage): Session<Data> {
  return openedOn(sessions, req).session;
}

function openedOn<Data extends object>(sessions: Sessions<Data>, req: IncomingMessage): NodeOpening<Data> {
  const opening = nodeOpening(sessions, req);
  if (opening) return opening;
  throw new SessionError(
    "SOJOURN_UNSUPPORTED",
    "There is no session for this request: put `app.use(expressSession(sessions))` before what asks for it.",
  );
}
