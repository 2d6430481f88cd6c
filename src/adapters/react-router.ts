/**
 * Sojourn for React Router 8 in framework mode: a middleware for the root route (or a layout), and a `SessionStorage`
 * for applications that are written for one. Nothing of React Router is imported.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import { runRequest } from "./adapter.ts";
import { OpenedSessions } from "./opened-sessions.ts";

export { type RouterSession, type RouterSessionStorage, sessionStorage } from "./react-router/session-storage.ts";

/** What a middleware of React Router is given, as far as it is used. */
export interface RouterArgs {
  readonly request: Request;
  /** The `RouterContextProvider`: one for each request, the same for its middlewares, loaders and actions. */
  readonly context: object;
}

/** A server middleware of React Router. */
export type RouterMiddleware = (args: RouterArgs, next: () => Promise<Response>) => Promise<Response>;

/** Who checks for cross-site requests, who hears of failures, and where addresses come from. */
export interface ReactRouterOptions extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf" | "onError"> {
  /**
   * The client's address, from a header that your own proxy sets and no client can; it is recorded at login. Default:
   * none.
   */
  readonly address?: ((request: Request) => string | undefined) | undefined;
}

const opened = new OpenedSessions(
  "export `middleware = [sessionMiddleware(sessions)]` from the root route or a layout.",
);

/**
 * Opens the session for `getSession`, and saves it before the response leaves, with thrown and returned redirects, data
 * requests and error pages alike. With a status of 500 and above changes to `data` are not saved, while the verbs
 * (`login`, `logout`…) reach the client.
 *
 * @example
 * ```ts
 * import { sessionMiddleware } from "sojourn/react-router";
 *
 * export const middleware = [sessionMiddleware(sessions)];
 * ```
 */
export function sessionMiddleware<Data extends object>(
  sessions: Sessions<Data>,
  given: ReactRouterOptions = {},
): RouterMiddleware {
  checkKnown(given, { address: true, csrf: true, onError: true, touch: true });
  const { address, ...options } = given;
  return ({ request, context }, next) =>
    runRequest(
      sessions,
      request,
      (session) => {
        opened.keep(sessions, context, session);
        return next();
      },
      { ...options, key: context, address: address && (() => address(request)) },
    );
}

/**
 * The session of a loader's, an action's or a later middleware's `context`, with its type.
 *
 * @throws SOJOURN_UNSUPPORTED when `sessionMiddleware` has not run before.
 * @example
 * ```ts
 * import { getSession, type RouterArgs } from "sojourn/react-router";
 *
 * export const loader = ({ context }: RouterArgs) => ({ user: getSession(sessions, context).userId });
 * ```
 */
export function getSession<Data extends object>(sessions: Sessions<Data>, context: object): Session<Data> {
  return opened.of(sessions, context);
}
