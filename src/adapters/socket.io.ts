/**
 * Sojourn for Socket.IO 4.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import { isSessionError, type OpenOptions, type Session, SessionError, type Sessions } from "../index.ts";
import { logFailure, type NodeRequest, refusal } from "./adapter.ts";
import { OpenedSessions } from "./opened-sessions.ts";

/** What is used of a server-side socket. */
export interface IoSocket {
  /** The request of the handshake. */
  readonly request: unknown;
  readonly conn: { close(): unknown };
  join(room: string): unknown;
  use(middleware: (packet: [string, ...unknown[]], next: (error?: Error) => void) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
}

/** Who is let in, and what an event costs. */
export interface IoOptions extends Pick<OpenOptions, "touch"> {
  /**
   * False lets in who is not logged in, too. Default true: `connect_error` with `data.code` SOJOURN_NOT_AUTHENTICATED.
   */
  readonly required?: boolean | undefined;
  /**
   * False leaves out the read of the store before each event. Default true: handlers see the session as it is stored
   * then.
   */
  readonly reload?: boolean | undefined;
  /** The room that a user's sockets join. Default: `user:` and the user's id. */
  readonly room?: ((userId: string) => string) | undefined;
}

const opened = new OpenedSessions("put `io.use(ioSession(sessions))` before the listeners.");

/**
 * `allowRequest` of the server's options: handshakes, by WebSocket and by polling, must come from this application's
 * own pages. Without it any page can connect as its visitor, for Socket.IO's own `cors` does not hold for WebSockets.
 *
 * @param onError Hears that the store is down; the handshake is refused then. Default: `console.error` for what answers
 *   500.
 * @example
 * ```ts
 * import { ioAllowRequest } from "sojourn/socket.io";
 *
 * const options = { allowRequest: ioAllowRequest(sessions) }; // new Server(httpServer, options)
 * ```
 */
export function ioAllowRequest<Data extends object>(
  sessions: Sessions<Data>,
  onError: (error: unknown) => void = logFailure,
): (req: NodeRequest, callback: (error: string | null | undefined, allowed: boolean) => void) => void {
  const allowed = async (req: NodeRequest): Promise<string | null> => {
    try {
      const session = await sessions.open(req, { key: req, readOnly: true });
      const { error } = await sessions.protect(req, session);
      return error ? refusal(error).body.trim() : null;
    } catch (error) {
      onError(error);
      return refusal(error).body.trim();
    }
  };
  return (req, callback) => void allowed(req).then((refused) => callback(refused, refused === null));
}

/**
 * `io.use(ioSession(sessions))`: opens the session of the handshake for `getSession`, reads it again before each event,
 * and puts the socket into a room of its user.
 *
 * When the session ends anywhere (logout, revocation, a new login of the same browser) the connection is closed in the
 * way that makes the client connect again, with the cookie that it has by then. The session is `readOnly`: it can be
 * read and `update`d.
 *
 * @example
 * ```ts
 * import { ioSession } from "sojourn/socket.io";
 *
 * const middleware = ioSession(sessions); // io.use(middleware)
 * ```
 */
export function ioSession<Data extends object>(
  sessions: Sessions<Data>,
  options: IoOptions = {},
): (socket: IoSocket, next: (error?: Error) => void) => void {
  checkKnown(options, { reload: true, required: true, room: true, touch: true });
  const { required = true, reload = true, room = (userId) => `user:${userId}`, touch } = options;
  const enter = async (socket: IoSocket): Promise<void> => {
    const request = socket.request as NodeRequest;
    const session = await sessions.open(request, { key: request, readOnly: true, touch });
    const { userId, signal } = session;
    if (required && userId === undefined)
      throw new SessionError("SOJOURN_NOT_AUTHENTICATED", "This needs a user who is logged in.");
    if (signal.aborted) throw new SessionError("SOJOURN_REVOKED", "The session has ended.");
    opened.keep(sessions, socket, session);
    // Not `socket.disconnect()`: after that the client does not connect again.
    const end = (): void => void socket.conn.close();
    signal.addEventListener("abort", end);
    socket.on("disconnect", () => {
      signal.removeEventListener("abort", end);
      session.release();
    });
    if (reload && !session.isNew)
      socket.use(
        (_packet, next) =>
          void session.reload().then(
            () => next(),
            (error: Error) => ended(error, end, next),
          ),
      );
    if (userId !== undefined) socket.join(room(userId));
  };
  return (socket, next) =>
    void enter(socket).then(
      () => next(),
      (error: Error) => next(forClient(error)),
    );
}

/**
 * The session of a socket, with its type.
 *
 * @throws SOJOURN_UNSUPPORTED when `ioSession` has not run.
 * @example
 * ```ts
 * import { getSession, type IoSocket } from "sojourn/socket.io";
 *
 * const count = (socket: IoSocket) => getSession(sessions, socket).update("count", (n = 0) => n + 1);
 * ```
 */
export function getSession<Data extends object>(sessions: Sessions<Data>, socket: IoSocket): Session<Data> {
  return opened.of(sessions, socket);
}

/**
 * An event for a session that is over reaches nobody; with a store that is down the handler's "error" event hears of
 * it.
 */
function ended(error: Error, end: () => void, next: (error?: Error) => void): void {
  if (isSessionError(error) && error.status !== 503) end();
  else next(forClient(error));
}

/** Socket.IO shows the client the message and `data`. */
function forClient(error: Error): Error {
  const { body } = refusal(error);
  const code = isSessionError(error) ? error.code : undefined;
  return Object.assign(new Error(body.trim(), { cause: error }), { data: { code } });
}
