/**
 * Sojourn for h3 2, and for what is built on it: Nitro 3, Solid Start 2.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import { SessionError } from "../index.ts";
import {
  applyHeaders,
  formField,
  logFailure,
  refusal,
  releaseAfter,
  respond,
  runSession,
  tells,
  withHeaders,
} from "./adapter.ts";
import { OpenedSessions } from "./opened-sessions.ts";

/** The part of h3's event that is used. */
export interface H3EventLike {
  /** h3 puts another one here when a limit of the body is set. */
  readonly req: Request & { readonly ip?: string | undefined };
  readonly res: { readonly status?: number | undefined; readonly headers: Headers };
  /** One for each request, also in a mounted application. */
  readonly context: object;
}

/** What `app.use` takes. */
export type H3Middleware = (event: H3EventLike, next: () => unknown) => Promise<unknown>;

/** Who checks for cross-site requests, and who hears of failures. */
export interface H3Options extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf"> {
  /** The client's address; it is recorded at login. Default: `event.req.ip`, the other end of the connection. */
  readonly address?: ((event: H3EventLike) => string | undefined) | undefined;
  /**
   * Hears of refused requests and of what kept a session from being saved. Default: `console.error` for what answers
   * 500.
   */
  readonly onError?: ((error: unknown, event: H3EventLike) => void) | undefined;
}

type Headings = Parameters<typeof applyHeaders>[1];

const opened = new OpenedSessions("put `app.use(h3Session(sessions))` before.");

/**
 * Opens the session for `getSession`, and saves it before the response leaves. Make it the first middleware.
 *
 * Cross-site requests are refused with 403, and 503 is the answer when the store is down. What was answered below 500
 * is saved, an `HTTPError` below 500 included. With 500 and above changes to `data` are not saved, while the verbs
 * (`login`, `logout`…), which have taken effect, reach the client: h3's error pages drop the headers, so the answer is
 * a plain one then.
 *
 * @example
 * ```ts
 * import { h3Session } from "sojourn/h3";
 *
 * const middleware = h3Session(sessions); // app.use(middleware)
 * ```
 */
export function h3Session<Data extends object>(sessions: Sessions<Data>, options: H3Options = {}): H3Middleware {
  checkKnown(options, { address: true, csrf: true, onError: true, touch: true });
  const { address = (event: H3EventLike) => event.req.ip, onError = logFailure, ...rest } = options;
  return async (event, next) => {
    const { req, context } = event;
    let told: Headings = [];
    const inside = (session: Session<Data>): unknown => {
      opened.keep(sessions, context, session);
      return next();
    };
    try {
      const value = await runSession(sessions, req, inside, {
        ...rest,
        key: context,
        address: () => address(event),
        readBody: (field) => formField(req, field),
        statusOf: (answer) => statusOf(event, answer),
        isAnswer: statusOfThrown,
        tell: (headers) => {
          told = headers;
        },
      });
      return released(sessions, context, withTold(event, value, told));
    } catch (error) {
      const answer = answerTo(error, told);
      if (!answer) throw error;
      if (statusOfThrown(error) === undefined) onError(error, event);
      // h3 would put the headers of what could not be saved on it.
      for (const name of [...event.res.headers.keys()]) event.res.headers.delete(name);
      return answer;
    }
  };
}

/**
 * The session that `h3Session` opened for this request, with its type.
 *
 * @throws SOJOURN_UNSUPPORTED when the middleware has not run before.
 * @example
 * ```ts
 * import { getSession, type H3EventLike } from "sojourn/h3";
 *
 * const count = (event: H3EventLike) => getSession(sessions, event).update("count", (n = 0) => n + 1);
 * ```
 */
export function getSession<Data extends object>(
  sessions: Sessions<Data>,
  event: Pick<H3EventLike, "context">,
): Session<Data> {
  return opened.of(sessions, event.context);
}

/**
 * Of what a handler returned: a Response, an h3 response, an error, the symbol for "no route", or what is to be a body.
 */
function statusOf(event: H3EventLike, value: unknown): number {
  if (value === NOT_FOUND) return 404;
  if (value instanceof Error) return statusOfThrown(value) ?? 500;
  const { status } = (value instanceof Response || isH3Response(value) ? value : event.res) as { status?: number };
  return status ?? event.res.status ?? 200;
}

const H3_RESPONSE = Symbol.for("h3.HTTPResponse");

/** By its mark, and before h3 had one by its name. */
const isH3Response = (value: unknown): value is { readonly headers?: Headers | undefined } =>
  typeof value === "object" && value !== null && (H3_RESPONSE in value || value.constructor?.name === "HTTPResponse");

const NOT_FOUND = Symbol.for("h3.notFound");

const noRoute = ({ method, url }: Request): object => ({
  status: 404,
  message: `Cannot find any route matching [${method}] ${url}`,
});

interface HTTPErrorLike {
  readonly status: number;
  readonly headers?: Headers | undefined;
  toJSON(): object;
}

/** An `HTTPError` is an answer; below 500 the request has not failed. */
function statusOfThrown(thrown: unknown): number | undefined {
  return isHTTPError(thrown) && thrown.status < 500 ? thrown.status : undefined;
}

const isHTTPError = (thrown: unknown): thrown is Error & HTTPErrorLike =>
  thrown instanceof Error &&
  thrown.name === "HTTPError" &&
  typeof (thrown as { toJSON?: unknown }).toJSON === "function";

/** h3 merges the headers of `event.res` into what a handler returns, over those of a Response. */
function withTold({ req, res }: H3EventLike, value: unknown, told: Headings): unknown {
  // Its error pages drop them.
  if (value instanceof Error) return answerTo(value, told) ?? value;
  if (value === NOT_FOUND && tells(told)) return page({ status: 404, toJSON: () => noRoute(req) }, told);
  if (!(value instanceof Response)) {
    const own = isH3Response(value) ? value.headers : undefined;
    const headers = { get: (name: string) => res.headers.get(name) ?? own?.get(name) ?? null };
    applyHeaders(
      {
        ...headers,
        set: (name, line) => res.headers.set(name, line),
        append: (name, line) => res.headers.append(name, line),
      },
      told,
    );
    return value;
  }
  applyHeaders(
    res.headers,
    told.filter(({ name }) => name !== "set-cookie" && res.headers.has(name)),
  );
  return withHeaders(value, told);
}

/** A stream goes on; with anything else the request is over. */
function released<Data extends object>(sessions: Sessions<Data>, context: object, value: unknown): unknown {
  const session = opened.of(sessions, context);
  if (!session.listening) return value;
  if (value instanceof Response) return releaseAfter(session, value);
  const stream = value instanceof ReadableStream ? value : null;
  return releaseAfter(session, new Response(stream)).body ?? value;
}

/**
 * The answer that is ours to give; undefined for an error that h3's page can answer, with nothing for the client to
 * hear.
 */
function answerTo(error: unknown, told: Headings): Response | undefined {
  if (isHTTPError(error) && error.status < 500) return tells(told) ? page(error, told) : undefined;
  const answer = refusal(error, told);
  return tells(told) || answer.status !== 500 || error instanceof SessionError ? respond(answer) : undefined;
}

/** As h3 makes it. */
function page(error: HTTPErrorLike, told: Headings): Response {
  const headers = new Headers(error.headers);
  headers.set("content-type", "application/json;charset=UTF-8");
  return withHeaders(new Response(JSON.stringify(error.toJSON()), { status: error.status, headers }), told);
}
