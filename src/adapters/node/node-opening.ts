/**
 * A session that is tied to a Node response: what adapters are given when it is open.
 */
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { type Awaitable, chain } from "../../awaitable.ts";
import type { RequestSource, Session, Sessions } from "../../index.ts";
import { refuse } from "../../request/error-response.ts";
import { runInside } from "../../request/running.ts";
import type { Protection, ReadBody } from "../../sessions.ts";
import { type Gate, gateResponse } from "./hold-response.ts";
import type { NodeResponse } from "./response.ts";

/** What an application's handler is given: HTTP/1, or HTTP/2 by the compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** Hears of what went wrong; the client is answered already, or about to be. */
export type OnError = (error: unknown, request: NodeRequest) => void;

/**
 * A session that is tied to a Node response.
 *
 * @example
 * ```ts
 * import { openNode } from "sojourn/adapter";
 *
 * createServer(async (req, res) => {
 *   const opening = await openNode(sessions, req, res, { csrf: false });
 *   await opening.protect(); // behind the body parser
 *   opening.run(() => res.end(opening.session.userId));
 *   await opening.whenReleased();
 * });
 * ```
 */
export class NodeOpening<Data extends object> {
  readonly session: Session<Data>;
  readonly source: RequestSource;
  readonly #sessions: Sessions<Data>;
  #gate: Gate | undefined;
  #protection: Protection | undefined;

  /** Made by `openNode`. */
  constructor(sessions: Sessions<Data>, session: Session<Data>, source: RequestSource) {
    this.#sessions = sessions;
    this.session = session;
    this.source = source;
  }

  /**
   * The check of where the request comes from, when `openNode` was told to leave it (`csrf: false`): behind the body
   * parser, with the body that it made. Asked again, it does nothing.
   *
   * @param readBody Gives the parsed body, or the field of that name, when a token is needed and the header has none.
   * @throws SOJOURN_CROSS_SITE (403).
   */
  async protect(readBody?: ReadBody): Promise<void> {
    await this.guard(readBody);
  }

  /** The same, without a promise where no body has to be waited for. */
  guard(readBody: ReadBody | undefined): Awaitable<void> {
    const protection = this.#protection ?? this.#sessions.protect(this.source, this.session, readBody);
    return chain(protection, (found) => {
      this.#protection ??= found;
      if (this.#protection.error) throw this.#protection.error;
    });
  }

  /** Whether somebody has checked, and let the request through. */
  get protected(): boolean {
    return this.#protection?.allowed === true;
  }

  /**
   * Resolves as soon as nothing of the response is held back; at once when nothing is. For frameworks that read the
   * response when the handler has resolved (a mock of Node's response, a function of a cloud). Never rejects.
   */
  whenReleased(): Promise<void> {
    return this.#gate?.whenReleased() ?? Promise.resolve();
  }

  /** Runs the rest of the application, so that `sojourn/context` knows the session there. */
  run<T>(application: () => T): T {
    return runInside(this.#sessions, this.session, this.source, application);
  }

  /** Holds the response back until the session is saved. */
  hold(req: NodeRequest, res: NodeResponse, onError: OnError, handOver: ((error: unknown) => void) | undefined): void {
    const [sessions, session] = [this.#sessions, this.session];
    this.#gate = gateResponse(res, {
      commit: (status) => sessions.commit(session, { status }),
      failed: (error) => {
        onError(error, req);
        return refuse(sessions, session, error);
      },
      handOver,
    });
  }
}
