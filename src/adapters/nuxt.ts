/**
 * Sojourn for Nuxt 4 and Nuxt 3 (Nitro 2, h3 1): one server plugin, and the utilities for event handlers. Nothing of
 * Nuxt is imported. For h3 2 and Nitro 3 there is `sojourn/h3`.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import { type Session, SessionError, type Sessions } from "../index.ts";
import { answerNode, logFailure, type NodeRequest, type OnError, openNode } from "./adapter.ts";
import type { NuxtEvent } from "./nuxt/event.ts";
import {
  type UserSessionData,
  type UserSessionOptions,
  type UserSessionUtilities,
  userSessionOf,
} from "./nuxt/user-session.ts";
import { OpenedSessions } from "./opened-sessions.ts";

export type { NuxtEvent } from "./nuxt/event.ts";
export type {
  KnownUserSession,
  SessionHooks,
  UserSession,
  UserSessionData,
  UserSessionOptions,
  UserSessionUtilities,
} from "./nuxt/user-session.ts";

/** The part of Nitro 2 that is used: the application's handler, which the plugin goes around. */
export interface NitroApp {
  readonly h3App: { handler(event: NuxtEvent): unknown };
}

/** Who checks for cross-site requests, who hears of failures, and where addresses come from. */
export interface NuxtOptions {
  /**
   * The client's address, recorded at login. Default: the other end of the connection, which behind a proxy is the
   * proxy.
   */
  readonly address?: ((event: NuxtEvent) => string | undefined) | undefined;
  /**
   * Gives the parsed body when a form's token is needed: `(event) => readBody(event)`. Default: tokens come in the
   * header only.
   */
  readonly body?: ((event: NuxtEvent) => unknown) | undefined;
  /** False leaves the check of where requests come from to the application. Default true. */
  readonly csrf?: boolean | undefined;
  /**
   * Paths that are answered without a session, that of the session endpoint above all, where a page that only looks is
   * no sign of life: `["/session"]`. Without the query, and exact. Default: none.
   */
  readonly except?: readonly string[] | undefined;
  /**
   * Hears of refused requests and of what kept a session from being saved. Default: `console.error` for what answers
   * 500.
   */
  readonly onError?: OnError | undefined;
}

const opened = new OpenedSessions("give `nuxtSession(sessions)` to defineNitroPlugin, in server/plugins.");

/**
 * A plugin for Nitro 2: opens the session of each request around the whole application, and holds the response back
 * until it is saved. Requests of the rendering itself (`useRequestFetch`, `useFetch`) share the session of the page
 * that asks.
 *
 * @example
 * ```ts
 * import { nuxtSession } from "sojourn/nuxt";
 *
 * export const plugin = nuxtSession(sessions); // export default defineNitroPlugin(plugin)
 * ```
 */
export function nuxtSession<Data extends object>(
  sessions: Sessions<Data>,
  options: NuxtOptions = {},
): (nitro: NitroApp) => void {
  checkKnown(options, { address: true, body: true, csrf: true, except: true, onError: true });
  const { address, body, csrf = true, except = [], onError = logFailure } = options;
  return ({ h3App }) => {
    const { handler } = h3App;
    const around = async (event: NuxtEvent): Promise<unknown> => {
      const { req, res } = event.node;
      if (except.length > 0 && except.includes(pathOf(req))) return handler(event);
      const outer = (req as { __unenv__?: { [HERE]?: Session<Data> } }).__unenv__?.[HERE];
      const inside = (session: Session<Data>): unknown => {
        opened.keep(sessions, event.context, session);
        Object.assign(event.context, { [HERE]: session });
        return handler(event);
      };
      // A request of the rendering brings the context of the one around it, which saves for both.
      if (outer) return inside(outer);
      try {
        const opening = await openNode(sessions, req, res, {
          csrf: csrf && body ? () => body(event) : csrf,
          onError,
          address: address && (() => address(event)),
        });
        await opening.run(() => inside(opening.session));
        // Nitro's mock of a response is read as soon as this resolves; what is held back must have passed by then.
        await opening.whenReleased();
      } catch (error) {
        if (!(error instanceof SessionError)) throw error;
        onError(error, req);
        answerNode(res, error);
      }
      return undefined;
    };
    h3App.handler = Object.assign(around, handler);
  };
}

const pathOf = ({ url = "/" }: NodeRequest): string => url.split("?", 1)[0] ?? url;

/** In an event's context; Nitro copies the properties of a page's context for the requests that its rendering makes. */
const HERE = "sojourn";

/**
 * The session of an event, with its type.
 *
 * @throws SOJOURN_UNSUPPORTED when the plugin is not there.
 * @example
 * ```ts
 * import { getSession, type NuxtEvent } from "sojourn/nuxt";
 *
 * const count = (event: NuxtEvent) => getSession(sessions, event).update("count", (n = 0) => n + 1);
 * ```
 */
export function getSession<Data extends object>(
  sessions: Sessions<Data>,
  event: Pick<NuxtEvent, "context">,
): Session<Data> {
  return opened.of(sessions, event.context);
}

/**
 * The server's utilities by the names of nuxt-auth-utils, over these sessions: `setUserSession(event, { user })` logs
 * in, `clearUserSession(event)` logs out, `requireUserSession(event)` answers 401. Export them from a file of
 * `server/utils`, and Nuxt finds them everywhere; `useUserSession` for the pages is in `sojourn/client/hooks`.
 *
 * - `user`, `secure` and what else is set are kept in `session.data`; a page is shown all but `secure`.
 * - Objects are merged; arrays take the place of what was there.
 * - Whose session it is comes from `user.id`, or from `userId`. Of a session that is nobody's, `user` is never given.
 *
 * @throws SOJOURN_UNSUPPORTED, each of them, when the plugin is not there.
 * @throws SOJOURN_INVALID_OPTION for a `user` whose id is not known.
 * @example
 * ```ts
 * import { userSession } from "sojourn/nuxt";
 *
 * interface MyData {
 *   user?: { id: string; name: string };
 * }
 * const mine = createSessions<MyData>({ secrets, store: memoryStore() });
 *
 * export const { getUserSession, setUserSession, clearUserSession, requireUserSession } = userSession(mine);
 * ```
 */
export function userSession<Data extends UserSessionData>(
  sessions: Sessions<Data>,
  options: UserSessionOptions<Data> = {},
): UserSessionUtilities<Data> {
  checkKnown(options, { userId: true });
  return userSessionOf((event) => opened.of(sessions, event.context), options);
}
