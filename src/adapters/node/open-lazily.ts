/**
 * The session of a Node request that is opened when it is asked for: until then, no call of the store.
 */
import { AttachedMap } from "../../attached-map.ts";
import { isHarmless } from "../../csrf/origin.ts";
import type { OpenOptions, Sessions } from "../../index.ts";
import { logFailure, refusal, refuse } from "../../request/error-response.ts";
import { FirstUse } from "../../request/first-use.ts";
import { NodeSource } from "../../transport/source.ts";
import { gateResponse } from "./hold-response.ts";
import type { NodeRequest, OnError } from "./node-opening.ts";
import type { NodeResponse } from "./response.ts";

/** How a request waits for the first use of its session. */
export interface LazyNodeOptions extends Pick<OpenOptions, "touch"> {
  /** The client's address, asked when somebody needs it. Default: the other end of the connection. */
  readonly address?: (() => string | undefined) | undefined;
  /** Hears what kept a session from being saved. Default: `console.error` for what answers 500. */
  readonly onError?: OnError | undefined;
  /** Gives a failed commit to the framework's own error handler; see `OpenNodeOptions`. Default: answered here. */
  readonly handOver?: ((error: unknown) => void) | undefined;
}

/** Whose sessions wait, by the request's response. */
const waiting = new AttachedMap<object[]>();

/**
 * Prepares a Node request so that `sessions.open(req)` opens its session when somebody asks, and holds the response
 * back until it is saved if somebody did. For requests that need no check of where they come from (`mayWait`).
 *
 * @example
 * ```ts
 * import { answerNode, mayWait, openNode, openNodeLazily } from "sojourn/adapter";
 *
 * createServer(async (req, res) => {
 *   if (mayWait(req)) openNodeLazily(sessions, req, res);
 *   else await openNode(sessions, req, res).catch((error) => answerNode(res, error));
 *   if (req.url === "/about") return res.end("About"); // reads nothing
 *   const session = await sessions.open(req);
 *   res.end(session.userId);
 * });
 * ```
 */
export function openNodeLazily<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  { touch, address, onError = logFailure, handOver }: LazyNodeOptions = {},
): void {
  const others = waiting.get(res) ?? [];
  if (others.includes(sessions.open)) return;
  waiting.set(res, [...others, sessions.open]);
  const key = (req as { res?: object }).res ?? req;
  const use = new FirstUse(sessions, new NodeSource(req, address, res), { touch, key });
  gateResponse(res, {
    commit(status) {
      const opened = use.close();
      if (!opened) return NONE;
      if (!(opened instanceof Promise)) return sessions.commit(opened, { status });
      return opened.then((session) => (session ? sessions.commit(session, { status }) : NONE));
    },
    failed: async (error) => {
      onError(error, req);
      return use.session ? refuse(sessions, use.session, error) : refusal(error);
    },
    handOver,
  });
}

const NONE = Object.freeze([]);

/**
 * Whether a request may wait for the first use of its session: it is safe (GET, HEAD, OPTIONS) and no handshake, so
 * that where it comes from need not be checked.
 *
 * @example
 * ```ts
 * import { mayWait } from "sojourn/adapter";
 *
 * createServer((req, res) => res.end(mayWait(req) ? "reads" : "changes"));
 * ```
 */
export function mayWait(req: NodeRequest): boolean {
  return isHarmless(new NodeSource(req));
}
