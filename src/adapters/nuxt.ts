/**
 * Sojourn for Nuxt 4 and Nuxt 3 (Nitro 2, h3 1): one server plugin, and the utilities for event handlers. Nothing of
 * Nuxt is imported. For h3 2 and Nitro 3 there is `sojourn/h3`.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import { type Session, SessionError, type Sessions } from "../index.ts";
import { answerNode, logFailure, type NodeRequest, type NodeResponse, type OnError, openNode } from "./adapter.ts";
import { OpenedSessions } from "./opened-sessions.ts";

/** The part of an event of h3 1 that is used. */
export interface NuxtEvent {
  readonly node: { readonly req: NodeRequest; readonly res: NodeResponse };
  readonly context: object;
}

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
  checkKnown(options, { address: true, body: true, csrf: true, onError: true });
  const { address, body, csrf = true, onError = logFailure } = options;
  return ({ h3App }) => {
    const { handler } = h3App;
    const around = async (event: NuxtEvent): Promise<unknown> => {
      const { req, res } = event.node;
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
