/**
 * Sojourn for `node:http`, for the compatibility API of `node:http2`, and for whatever hands on Node's own request and
 * response.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { type Awaitable, isPromise } from "../awaitable.ts";
import { checkKnown } from "../errors.ts";
import type { OpenOptions, Session, Sessions } from "../index.ts";
import {
  answerNode,
  isOpened,
  logFailure,
  type NodeOpening,
  type NodeRequest,
  type NodeResponse,
  type OnError,
  ready,
} from "./adapter.ts";
import { openNodeAtOnce } from "./node/open-node.ts";

export { openUpgrade, type UpgradeOptions } from "./node/upgrade.ts";
export type { NodeRequest, NodeResponse, OnError };

/** What a Node request cannot tell by itself. */
export interface NodeOptions<Req = NodeRequest> extends Pick<OpenOptions, "touch"> {
  /**
   * The client's address, for the device that a login records. Default: the other end of the connection. Behind a
   * proxy, read the header that your proxy sets, and no other: anybody can send one.
   */
  readonly address?: ((req: Req) => string | undefined) | undefined;
  /**
   * The parsed body, or the one field of a form, for a request that needs a CSRF token and has none in its header.
   * Whoever reads the body here has to keep it for the handler. Default: tokens come in the header only.
   */
  readonly body?: ((req: Req, field: string) => unknown) | undefined;
  /** False leaves the check of where requests come from to you. Default true. */
  readonly csrf?: boolean | undefined;
  /**
   * Hears what a handler threw and what kept a session from being saved. Default: `console.error` for what answers 500.
   */
  readonly onError?: OnError | undefined;
}

const KNOWN: Readonly<Record<keyof NodeOptions, true>> = {
  address: true,
  body: true,
  csrf: true,
  onError: true,
  touch: true,
};

/**
 * The session of a request, in a handler of your own. From here on the response is held back until the session is
 * saved: the first byte leaves when the store has accepted the write, and when that fails nothing of your response
 * leaves, but the error's status (503 when the store is down). Nothing is delayed when there was nothing to save.
 * Interim responses (103) pass at once. What is saved with which status is told in `withSession`.
 *
 * @returns Undefined when the request was refused and is answered: 403 for a cross-site request, 503 when the store is
 *   down. It never rejects, so a handler without `try` is safe.
 * @example
 * ```ts
 * createServer(async (req, res) => {
 *   const session = await openSession(sessions, req, res);
 *   if (!session) return;
 *   session.data.count = (session.data.count ?? 0) + 1;
 *   res.end(`Count: ${session.data.count}`);
 * });
 * ```
 */
export async function openSession<Data extends object, Req extends NodeRequest>(
  sessions: Sessions<Data>,
  req: Req,
  res: NodeResponse,
  options: NodeOptions<Req> = {},
): Promise<Session<Data> | undefined> {
  return (await opening(sessions, req, res, options))?.session;
}

function opening<Data extends object, Req extends NodeRequest>(
  sessions: Sessions<Data>,
  req: Req,
  res: NodeResponse,
  options: NodeOptions<Req>,
): Awaitable<NodeOpening<Data> | undefined> {
  const { address, body, csrf = true, onError = logFailure, touch } = options;
  const before = isOpened(sessions, req);
  const refused = (error: unknown): undefined => {
    // Whoever opened it first has answered.
    if (before) return undefined;
    onError(error, req);
    answerNode(res, error);
    return undefined;
  };
  try {
    checkKnown(options, KNOWN);
    const opened = openNodeAtOnce(sessions, req, res, {
      touch,
      address: address && (() => address(req)),
      csrf: csrf && body ? (field) => body(req, field) : csrf,
      onError,
    });
    return isPromise(opened) ? opened.catch(refused) : opened;
  } catch (error) {
    return refused(error);
  }
}

/**
 * A request listener whose handler is given the session.
 *
 * What the handler answers with a status below 500 is saved before it is sent, whether or not the client still waits.
 * With 500 and above, or when it throws, changes to `data` are not saved, while the verbs (`login`, `logout`…), which
 * have taken effect when they resolve, reach the client with the error. A handler that throws is answered with the
 * status of the Sojourn error, or 500; when its response has begun, the connection is cut.
 *
 * @example
 * ```ts
 * createServer(withSession(sessions, async (req, res, session) => {
 *   await session.login(await authenticate(req));
 *   res.writeHead(303, { location: "/" }).end();
 * }));
 * ```
 */
export function withSession<
  Data extends object,
  Req extends NodeRequest = IncomingMessage,
  Res extends NodeResponse = ServerResponse,
>(
  sessions: Sessions<Data>,
  handler: (req: Req, res: Res, session: Session<Data>) => unknown,
  options: NodeOptions<Req> = {},
): (req: Req, res: Res) => Promise<void> {
  checkKnown(options, KNOWN);
  ready(sessions);
  return async (req, res) => {
    const found = opening(sessions, req, res, options);
    const opened = isPromise(found) ? await found : found;
    if (!opened) return;
    try {
      await opened.run(() => handler(req, res, opened.session));
    } catch (error) {
      (options.onError ?? logFailure)(error, req);
      answerNode(res, error);
    }
  };
}
