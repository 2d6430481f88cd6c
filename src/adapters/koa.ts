/**
 * Sojourn for Koa 3 and 2.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import { type OpenOptions, type Session, SessionError, type Sessions } from "../index.ts";
import {
  logFailure,
  type NodeRequest,
  type NodeResponse,
  nodeOpening,
  type OnError,
  openNode,
  ready,
} from "./adapter.ts";

/** The part of Koa's context that is used. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
  readonly ip: string;
  readonly originalUrl: string;
  readonly request: object;
  onerror(error: Error): void;
}

/** What the context has for middleware after `koaSession`: `new Koa<Koa.DefaultState, SessionContext<MyData>>()`. */
export interface SessionContext<Data extends object> {
  session: Session<Data>;
}

/** Who checks for cross-site requests, and who hears of failures. */
export interface KoaOptions extends Pick<OpenOptions, "touch"> {
  /** False leaves cross-site requests to `koaCsrf`, behind the body parser. Default true. */
  readonly csrf?: boolean | undefined;
  /** Hears what kept a session from being saved. Default: `console.error` for what answers 500. */
  readonly onError?: OnError | undefined;
}

/** What `app.use` takes. */
export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/**
 * Puts the session on `ctx.session`, and holds the response back until it is saved, whatever sends it: `ctx.body`, a
 * stream, `ctx.respond = false`, an error page further out. What was answered with a status below 500 is saved; with
 * 500 and above changes to `data` are not, while the verbs (`login`, `logout`…), which have taken effect, reach the
 * client with the error.
 *
 * A cross-site request (403) and a store that is down (503) are thrown, to error middleware further out or to Koa's
 * own. A commit that failed goes to `ctx.onerror`. Addresses are `ctx.ip`, so set `app.proxy` behind one.
 *
 * @example
 * ```ts no-run
 * import Koa from "koa";
 *
 * const app = new Koa<Koa.DefaultState, SessionContext<MyData>>();
 * app.use(koaSession(sessions));
 * app.use(async (ctx) => {
 *   if (ctx.path === "/login") await ctx.session.login("ann");
 *   ctx.body = `Hello ${ctx.session.userId ?? "stranger"}`;
 * });
 * ```
 */
export function koaSession<Data extends object>(sessions: Sessions<Data>, options: KoaOptions = {}): KoaMiddleware {
  checkKnown(options, { csrf: true, onError: true, touch: true });
  const { csrf = true, onError = logFailure, touch } = options;
  ready(sessions);
  return async (ctx, next) => {
    const opening = await openNode(sessions, ctx.req, ctx.res, {
      touch,
      url: ctx.originalUrl,
      address: () => ctx.ip,
      csrf: csrf && (() => bodyOf(ctx)),
      onError,
      handOver: (error) => ctx.onerror(error as Error),
    });
    Object.assign(ctx, { session: opening.session });
    await opening.run(next);
  };
}

/**
 * The check for cross-site requests by itself: give `koaSession` `csrf: false`, and put this behind the body parser and
 * before whatever changes something.
 *
 * @throws SOJOURN_CROSS_SITE (403); SOJOURN_UNSUPPORTED when `koaSession` has not run.
 * @example
 * ```ts no-run
 * import Koa from "koa";
 *
 * const app = new Koa();
 * app.use(koaSession(sessions, { csrf: false }));
 * // … the body parser
 * app.use(koaCsrf(sessions));
 * ```
 */
export function koaCsrf<Data extends object>(sessions: Sessions<Data>): KoaMiddleware {
  return async (ctx, next) => {
    const opening = nodeOpening(sessions, ctx.req);
    if (!opening)
      throw new SessionError("SOJOURN_UNSUPPORTED", "There is no session: put `app.use(koaSession(sessions))` before.");
    await opening.protect(() => bodyOf(ctx));
    await next();
  };
}

/** As body parsers leave it. */
function bodyOf({ request }: KoaContext): unknown {
  return (request as { body?: unknown }).body;
}
