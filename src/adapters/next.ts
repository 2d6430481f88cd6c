/**
 * Sojourn for the App Router of Next.js: server components, route handlers, server actions. Nothing of Next is
 * imported: it is handed `cookies` and `headers` of `next/headers`. The Pages Router needs nothing but `sojourn/node`.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import type { HandleOptions, Session, Sessions } from "../index.ts";
import { cookiesOf, runRequest, runSession, type StructuredAttributes } from "./adapter.ts";

/** The jar that Next's `cookies()` gives, as far as it is used; in a server component its `set` throws. */
export interface NextCookies {
  getAll(): readonly { readonly name: string; readonly value: string }[];
  set(name: string, value: string, attributes: StructuredAttributes): unknown;
}

/** What `next/headers` exports, as far as it is used. */
export interface NextHeaders {
  cookies(): Promise<NextCookies>;
  headers(): Promise<{ get(name: string): string | null }>;
}

/** What Next does not know by itself. */
export interface NextOptions extends Pick<HandleOptions, "csrf" | "onError"> {
  /**
   * The client's address, from a header that your own proxy sets and no client can; it is recorded at login. Default:
   * none.
   */
  readonly address?: ((headers: { get(name: string): string | null }) => string | undefined) | undefined;
}

/** The session where Next has a request. */
export interface NextSession<Data extends object> {
  /**
   * The session of a server component, to be read: verbs and changes of `data` throw SOJOURN_READ_ONLY, for a render
   * can send no cookie; `update` of a session that is there works. Inside of an action or a route handler it is that
   * one's session.
   *
   * @throws SOJOURN_STORE_UNAVAILABLE when the store is down, into the nearest `error.tsx`.
   */
  getSession(): Promise<Session<Data>>;
  /**
   * A route handler that is given the session. It is saved before the response leaves, also with `redirect()` and
   * `notFound()`; cross-site requests are refused with 403, and 503 is the answer when the store is down.
   */
  withSession<Req extends Request, More extends readonly unknown[]>(
    handler: (session: Session<Data>, request: Req, ...more: More) => Response | Promise<Response>,
  ): (request: Req, ...more: More) => Promise<Response>;
  /**
   * A server action that is given the session before its own arguments. It is saved when the action returns, or leaves
   * by `redirect()` or `notFound()`; when it fails, only what its verbs have done reaches the client.
   *
   * @throws SOJOURN_CROSS_SITE (403), SOJOURN_STORE_UNAVAILABLE (503), and what could not be saved.
   */
  sessionAction<Args extends readonly unknown[], Result>(
    action: (session: Session<Data>, ...args: Args) => Result | Promise<Result>,
  ): (...args: Args) => Promise<Result>;
}

/**
 * The session for an application of Next's App Router.
 *
 * @param sessions Made by `lazySessions`: Next evaluates the module three times in one process, and without secrets as
 *   it builds.
 * @param next `cookies` and `headers` of `next/headers`.
 * @example
 * ```ts no-run
 * import { type NextHeaders, nextSession } from "sojourn/next";
 *
 * declare const next: NextHeaders; // import { cookies, headers } from "next/headers"
 * const { sessionAction } = nextSession(sessions, next);
 * const login = sessionAction(async (session, form: FormData) => session.login(String(form.get("name"))));
 * ```
 */
export function nextSession<Data extends object>(
  sessions: Sessions<Data>,
  next: NextHeaders,
  options: NextOptions = {},
): NextSession<Data> {
  checkKnown(options, { address: true, csrf: true, onError: true });
  const { address, csrf, onError } = options;
  /** The jar stands for the request: the render after an action has one of its own, with the new cookie in it. */
  async function asked(method: string) {
    const [jar, headers] = await Promise.all([next.cookies(), next.headers()]);
    const header = (name: string): string | undefined =>
      name === "cookie" ? cookieHeader(jar) : (headers.get(name) ?? undefined);
    return { jar, source: { method, url: "/", header }, address: address && (() => address(headers)) };
  }
  return {
    async getSession() {
      const { jar, source } = await asked("GET");
      return sessions.open(source, { key: jar, readOnly: true });
    },
    withSession:
      (handler) =>
      async (request, ...more) => {
        const key = await next.cookies();
        return runRequest(sessions, request, (session) => handler(session, request, ...more), {
          key,
          csrf,
          onError,
          address: address && (() => address(request.headers)),
        });
      },
    sessionAction:
      (action) =>
      async (...args) => {
        const { jar, source, ...known } = await asked("POST");
        return runSession(sessions, source, (session) => action(session, ...args), {
          ...known,
          key: jar,
          csrf,
          // To set a cookie renders the page anew, so nothing is set when there is nothing to say.
          tell: (headers) => {
            for (const { name, value, attributes } of cookiesOf(headers)) jar.set(name, value, attributes);
          },
        });
      },
  };
}

/** The jar and not the header, which is older than what `proxy.ts` or an action has set. Its values are decoded. */
function cookieHeader(jar: NextCookies): string | undefined {
  const pairs = jar.getAll().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length > 0 ? pairs.join("; ") : undefined;
}
