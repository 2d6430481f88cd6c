/**
 * WebSocket handshakes, which browsers send with the user's cookies from any page.
 */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { checkKnown } from "../../errors.ts";
import type { OpenOptions, Session, Sessions } from "../../index.ts";
import { logFailure, type Refusal, refusal } from "../../request/error-response.ts";
import { NodeSource } from "../../transport/source.ts";
import type { OnError } from "./node-opening.ts";

/** What a handshake cannot tell by itself. */
export interface UpgradeOptions extends Pick<OpenOptions, "touch"> {
  /** The client's address, where a proxy stands between; default the other end of the connection. */
  readonly address?: ((req: IncomingMessage) => string | undefined) | undefined;
  /** Hears that the store is down; default: nobody, for the hook `outage` tells. */
  readonly onError?: OnError | undefined;
}

/**
 * The session of a WebSocket handshake, for a listener of the server's "upgrade" event. The `Origin` must be one
 * of this application's pages exactly (OWASP ASVS 4.4.2), for neither SameSite nor fetch metadata keeps a sibling
 * subdomain out here. The session can be read and `update`d, but not changed in ways that need a cookie; its `signal`
 * aborts when it ends anywhere: close the socket then. It is let go of when the socket closes.
 *
 * @returns Undefined when the handshake was refused, with 403, or with 503 when the store is down; the socket is
 *   answered.
 * @example
 * ```ts
 * server.on("upgrade", async (req, socket, head) => {
 *   const session = await openUpgrade(sessions, req, socket);
 *   if (!session) return;
 *   if (!session.userId) return socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
 *   session.signal.addEventListener("abort", () => socket.destroy());
 *   websockets.handleUpgrade(req, socket, head, connected);
 * });
 * ```
 */
export async function openUpgrade<Data extends object>(
  sessions: Sessions<Data>,
  req: IncomingMessage,
  socket: Duplex,
  options: UpgradeOptions = {},
): Promise<Session<Data> | undefined> {
  const { address, onError = logFailure, touch } = options;
  const source = new NodeSource(req, address && (() => address(req)), socket);
  // As long as nobody else listens to the socket, an error of it would end the process.
  const ignore = (): void => {};
  socket.on("error", ignore);
  try {
    checkKnown(options, { address: true, onError: true, touch: true });
    const { error } = sessions.protectUpgrade(source);
    if (error) return refuse(socket, refusal(error));
    const session = await sessions.open(source, { touch, key: req, readOnly: true });
    if (socket.destroyed) return undefined;
    socket.once("close", () => session.release());
    socket.off("error", ignore);
    return session;
  } catch (error) {
    onError(error, req);
    return refuse(socket, refusal(error));
  }
}

function refuse(socket: Duplex, { status, body, headers }: Refusal): undefined {
  const lines = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join("");
  socket.end(
    `HTTP/1.1 ${status} ${body.trim()}\r\n${lines}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}
