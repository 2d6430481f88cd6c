// node-like.ts
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Session, SessionError, type Sessions } from "sojourn";
import { logFailure, nodeOpening, openNode, ready } from "sojourn/adapter";

/** The framework: a plugin goes around handlers, and what a handler throws goes to the application's error page. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown;
export type Plugin = (handler: Handler) => Handler;

export interface Options {
  /** Hears of what could not be saved. Default: logs what answers 500. */
  readonly onError?: (error: unknown) => void;
  /** False where forms are parsed later: `checkForm` comes behind the parser then. Default true. */
  readonly csrf?: boolean;
}

/** The plugin. The response is held back until the session is saved, whatever sends it. */
export function session<Data extends object>(sessions: Sessions<Data>, options: Options = {}): Plugin {
  const { onError = logFailure, csrf = true } = options;
  // A server without a secret fails when it starts, not at its first request.
  ready(sessions);
  return (handler) => async (req, res) => {
    // A cross-site request (403) and a store that is down (503) are thrown, into the framework's error page.
    const opening = await openNode(sessions, req, res, { csrf, onError });
    await opening.run(() => handler(req, res));
    // For frameworks that read the response when the handler is over.
    await opening.whenReleased();
  };
}

/** The check of forms, behind the body parser. */
export function checkForm<Data extends object>(
  sessions: Sessions<Data>,
  bodyOf: (req: IncomingMessage) => unknown,
): Plugin {
  return (handler) => async (req, res) => {
    await nodeOpening(sessions, req)?.protect(() => bodyOf(req));
    return handler(req, res);
  };
}

/** The session of a request, with its type. */
export function getSession<Data extends object>(sessions: Sessions<Data>, req: IncomingMessage): Session<Data> {
  const opening = nodeOpening(sessions, req);
  if (opening) return opening.session;
  throw new SessionError("SOJOURN_UNSUPPORTED", "There is no session here: put session(sessions) around the handler.");
}
