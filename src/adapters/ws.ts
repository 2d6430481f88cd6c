/**
 * Sojourn for `ws`: WebSockets that know their session, and close when it ends.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { checkKnown } from "../errors.ts";
import type { Session, Sessions } from "../index.ts";
import { openUpgrade, type UpgradeOptions } from "./node/upgrade.ts";
import { OpenedSessions } from "./opened-sessions.ts";

/** What is used of a socket of `ws`. */
export interface WsSocket {
  close(code?: number, reason?: string): void;
}

/** What is used of a `WebSocketServer`, made with `noServer: true`. */
export interface WsServer<Socket extends WsSocket> {
  handleUpgrade(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    done: (socket: Socket, req: IncomingMessage) => void,
  ): void;
  emit(event: "connection", socket: Socket, req: IncomingMessage): unknown;
}

/** Who is let in, and how a socket is closed. */
export interface WsOptions extends UpgradeOptions {
  /** False lets in who is not logged in, too. Default true: such a handshake is answered with 401. */
  readonly required?: boolean | undefined;
  /** The code that a socket is closed with when its session ends, 4000 to 4999. Default 4401. A whole number. */
  readonly closeCode?: number | undefined;
}

const opened = new OpenedSessions('serve the handshake with `server.on("upgrade", wsUpgrade(sessions, wss))`.');

/**
 * A listener for the HTTP server's "upgrade" event: lets in handshakes from this application's own pages (ASVS 4.4.2)
 * that have a session, and emits "connection" on the `WebSocketServer`. When the session ends anywhere (logout,
 * revocation, a new login of the same browser), the socket is closed: the page connects again with the cookie that it
 * has by then.
 *
 * The session is `readOnly`: it can be read and `update`d. Call `session.reload()` before a message that must not act
 * on what was true an hour ago.
 *
 * @example
 * ```ts
 * import { wsUpgrade, type WsServer, type WsSocket } from "sojourn/ws";
 *
 * const listen = (wss: WsServer<WsSocket>) => server.on("upgrade", wsUpgrade(sessions, wss));
 * ```
 */
export function wsUpgrade<Data extends object, Socket extends WsSocket>(
  sessions: Sessions<Data>,
  server: WsServer<Socket>,
  given: WsOptions = {},
): (req: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void> {
  checkKnown(given, { address: true, closeCode: true, onError: true, required: true, touch: true });
  const { required = true, closeCode = 4401, ...options } = given;
  return async (req, socket, head) => {
    const session = await openUpgrade(sessions, req, socket, options);
    if (!session) return;
    if (required && session.userId === undefined) {
      socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      return;
    }
    const { signal } = session;
    server.handleUpgrade(req, socket, head, (ws) => {
      opened.keep(sessions, req, session);
      signal.addEventListener("abort", () => ws.close(closeCode, "session ended"));
      // It may have ended while the handshake was answered.
      if (signal.aborted) return ws.close(closeCode, "session ended");
      server.emit("connection", ws, req);
    });
  };
}

/**
 * The session of a connection, by its handshake.
 *
 * @throws SOJOURN_UNSUPPORTED when `wsUpgrade` did not serve it.
 * @example
 * ```ts
 * import type { IncomingMessage } from "node:http";
 * import { getSession } from "sojourn/ws";
 *
 * const connection = (_socket: unknown, req: IncomingMessage) => getSession(sessions, req).userId;
 * ```
 */
export function getSession<Data extends object>(sessions: Sessions<Data>, req: IncomingMessage): Session<Data> {
  return opened.of(sessions, req);
}
