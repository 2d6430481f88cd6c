/**
 * The session of a Node request: opened once, however often it is asked for, and tied to its response.
 */
import { AttachedMap } from "../../attached-map.ts";
import { type Awaitable, chain, isPromise, quickest } from "../../awaitable.ts";
import type { OpenOptions, Sessions } from "../../index.ts";
import { closeSession, logFailure, refusal } from "../../request/error-response.ts";
import type { ReadBody } from "../../sessions.ts";
import { type Closing, NodeSource } from "../../transport/source.ts";
import { gateResponse } from "./hold-response.ts";
import { NodeOpening, type NodeRequest, type OnError } from "./node-opening.ts";
import type { NodeResponse } from "./response.ts";

/** How a Node framework's request is opened, and who hears of failures. */
export interface OpenNodeOptions extends Pick<OpenOptions, "touch" | "readOnly"> {
  /**
   * The address as the client sent it, where a mounted application sees less of it. Default: `originalUrl`, or `url`.
   */
  readonly url?: string | undefined;
  /**
   * The client's address, asked when somebody needs it (the device of a login). Default: the other end of the
   * connection, which behind a proxy is the proxy.
   */
  readonly address?: (() => string | undefined) | undefined;
  /**
   * Who checks where the request comes from: true (default) does it now, by headers; a function does it now and gives
   * the parsed body, or the field of that name, when a token is needed; false leaves it to `protect` of what is
   * returned, behind the body parser, or to nobody.
   */
  readonly csrf?: ReadBody | boolean | undefined;
  /** Hears what kept a session from being saved. Default: `console.error` for what answers 500. */
  readonly onError?: OnError | undefined;
  /**
   * Gives a failed commit to the framework's own error handler, on the response as it was in the beginning. Only asked
   * when the application's answer was complete; a stream that was under way is answered here. Default: all are answered
   * here.
   */
  readonly handOver?: ((error: unknown) => void) | undefined;
}

interface Opened {
  /** Whose it is: a function of the sessions, which copies of that object share. */
  readonly by: object;
  /** A `NodeOpening` of those sessions, or what gives it, or is rejected because it was refused. */
  answer: Awaitable<unknown>;
  /** The same, when it is done. */
  result: unknown;
}

/** Hardly ever more than one. */
const openings = new AttachedMap<Opened[]>();

/** Under Express, a property put on a request or response costs microseconds: the response has one for us already. */
const carrierOf = (req: object & { res?: object }): object => req.res ?? req;

const openedFor = (by: object, req: NodeRequest): Opened | undefined =>
  openings.get(carrierOf(req))?.find((each) => each.by === by);

/** Of these sessions, and so with their data. */
const typed = <Data extends object>(opening: unknown): NodeOpening<Data> => opening as NodeOpening<Data>;

/**
 * What `openNode` has opened for a request; undefined when it has not, is not done, or was refused.
 *
 * @example
 * ```ts
 * import { nodeOpening } from "sojourn/adapter";
 *
 * createServer((req, res) => res.end(nodeOpening(sessions, req)?.session.userId));
 * ```
 */
export function nodeOpening<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
): NodeOpening<Data> | undefined {
  const opening = openedFor(sessions.open, req)?.result;
  return opening === undefined ? undefined : typed(opening);
}

/**
 * The session of a request of a Node framework. From here on the response is held back until the session is saved,
 * whatever sends it: the commit is made when the application sends its head, by the status that it sends.
 *
 * Asked again for the same request, it gives what it gave before; a check that was left (`csrf: false`) is made then,
 * unless it is left again. A WebSocket handshake is opened `readOnly`, and its response is left alone.
 *
 * @throws SOJOURN_CROSS_SITE (403) and SOJOURN_STORE_UNAVAILABLE (503): give them to the framework's error handler, or
 *   to `answerNode`. Whoever answers, caches and clients are told what they must know.
 * @example
 * ```ts
 * import { answerNode, openNode } from "sojourn/adapter";
 *
 * createServer(async (req, res) => {
 *   try {
 *     const { session } = await openNode(sessions, req, res);
 *     res.end(session.userId ?? "nobody");
 *   } catch (error) {
 *     answerNode(res, error);
 *   }
 * });
 * ```
 */
export async function openNode<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  options: OpenNodeOptions = {},
): Promise<NodeOpening<Data>> {
  return openNodeAtOnce(sessions, req, res, options);
}

/** The same without a promise where nothing has to be waited for; a refusal is thrown then. */
export function openNodeAtOnce<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  options: OpenNodeOptions,
): Awaitable<NodeOpening<Data>> {
  const { csrf = true } = options;
  const before = openedFor(sessions.open, req);
  if (!before) return openFirst(sessions, req, res, options);
  return chain(before.answer, (found) => {
    const opening = typed<Data>(found);
    return csrf === false || opening.protected ? opening : guarded(res, opening, csrf);
  });
}

/**
 * Whether somebody has opened, or is opening, or was refused, the session of this request.
 *
 * @example
 * ```ts
 * import { isOpened, openNode } from "sojourn/adapter";
 *
 * createServer(async (req, res) => {
 *   if (!isOpened(sessions, req)) await openNode(sessions, req, res);
 *   res.end();
 * });
 * ```
 */
export function isOpened<Data extends object>(sessions: Sessions<Data>, req: NodeRequest): boolean {
  return openedFor(sessions.open, req) !== undefined;
}

function openFirst<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  options: OpenNodeOptions,
): Awaitable<NodeOpening<Data>> {
  const opened: Opened = { by: sessions.open, answer: undefined, result: undefined };
  const others = openings.get(carrierOf(req));
  if (others) others.push(opened);
  else openings.set(carrierOf(req), [opened]);
  try {
    const answer = chain(open(sessions, req, res, options), (opening) => {
      opened.result = opening;
      return opening;
    });
    opened.answer = answer;
    return answer;
  } catch (error) {
    // Whoever asks again is refused, too; nobody may.
    const refused = Promise.reject(error);
    refused.catch(() => {});
    opened.answer = refused;
    throw error;
  }
}

function open<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  options: OpenNodeOptions,
): Awaitable<NodeOpening<Data>> {
  const { url, address, csrf = true, touch, readOnly } = options;
  const handshake = req.headers.upgrade !== undefined && /websocket/i.test(req.headers.upgrade);
  const source = new NodeSource(req, address, (handshake ? req.socket : res) as Closing, url);
  const asked = { touch, readOnly: readOnly || handshake, key: carrierOf(req) };
  const refused = (error: unknown): never => {
    if (!handshake) prepare(res, error);
    throw error;
  };
  const session = orElse(() => quickest(sessions.open)(source, asked), refused);
  return chain(session, (found) => {
    const opening = new NodeOpening(sessions, found, source);
    const guard = csrf === false ? opening : guarded(res, opening, csrf);
    return chain(guard, () => {
      if (res.headersSent) closeSession(opening.session);
      else if (!handshake) opening.hold(req, res, options.onError ?? logFailure, options.handOver);
      return opening;
    });
  });
}

function guarded<Data extends object>(
  res: NodeResponse,
  opening: NodeOpening<Data>,
  csrf: ReadBody | true,
): Awaitable<NodeOpening<Data>> {
  const refused = (error: unknown): never => {
    prepare(res, error);
    throw error;
  };
  const guard = orElse(() => opening.guard(csrf === true ? undefined : csrf), refused);
  return chain(guard, () => opening);
}

/** What is thrown at once, and what is rejected later, goes the same way. */
function orElse<T>(work: () => Awaitable<T>, failed: (error: unknown) => never): Awaitable<T> {
  try {
    const answer = work();
    return isPromise(answer) ? answer.catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

/** Whatever page the application makes of it, caches and clients must be told. */
function prepare(res: NodeResponse, error: unknown): void {
  const answer = refusal(error);
  if (!res.headersSent) gateResponse(res, { commit: () => answer.headers, failed: async () => answer });
}
