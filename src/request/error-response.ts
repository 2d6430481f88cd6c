/**
 * How a request ends, in one place, so that every adapter does the same.
 *
 * - The commit follows the application's answer, whether or not the client still waits for it: what was answered
 *   is saved, and a request that is never answered (its handler gave up when the client was gone) saves nothing.
 * - A status of 500 or more says that the request failed: what it changed in `data`, and its flash messages, are not
 *   saved. The verbs (`login`, `logout`, `rotate`…) have taken effect in the store already, and so the failed
 *   answer tells the client of them: a login is never half done.
 * - A commit that fails takes the application's answer with it. The client gets the error's status instead.
 * - A store that does not answer (503) never logs anyone in or out: no cookie is touched, but for what a verb had done
 *   before the store was lost.
 */

import type { CrossSiteError } from "../csrf/refusal.ts";
import { type ErrorStatus, isSessionError } from "../errors.ts";
import { internalsOf, type Session } from "../session/session.ts";
import type { Sessions } from "../sessions.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { NO_HEADERS, usedHeaders } from "./response-headers.ts";

/** What an adapter answers in place of the application. */
export interface Refusal {
  /** What went wrong, for the framework's own error handler; it has `status` and `statusCode` when it is Sojourn's. */
  readonly error: unknown;
  readonly status: number;
  readonly body: string;
  readonly headers: readonly HeaderOp[];
}

const NO_STORE: HeaderOp = { op: "set", name: "cache-control", value: "no-store" };
const RETRY: HeaderOp = { op: "set", name: "retry-after", value: "1" };
const TEXT: HeaderOp = { op: "default", name: "content-type", value: "text/plain; charset=utf-8" };
/** What the body says. */
const REASONS: Record<ErrorStatus, string> = {
  401: "Unauthorized",
  403: "Forbidden",
  409: "Conflict",
  413: "Content too large",
  500: "Internal server error",
  503: "Service unavailable",
};

/**
 * The answer after a commit that failed: what could not be saved is given up, and the client is told of the verbs
 * that have taken effect. The session cannot be changed any more. Never rejects.
 */
export async function refuse<Data extends object>(
  sessions: Sessions<Data>,
  session: Session<Data>,
  error: unknown,
): Promise<Refusal> {
  if (internalsOf(session as Session<object>).response.action !== "nothing") {
    try {
      return refusal(error, await sessions.commit(session, { status: 500 }));
    } catch {
      // What made the commit fail keeps the client from being told, too.
    }
  }
  closeSession(session);
  const internals = internalsOf(session as Session<object>);
  const { source } = internals.proof;
  return refusal(error, source ? usedHeaders(internals, source) : NO_HEADERS);
}

/** What the answer to an error has to say, where no session is at hand: errors travel through frameworks. */
const toldWith = new WeakMap<object, readonly HeaderOp[]>();

export function tellWith(error: unknown, headers: readonly HeaderOp[]): void {
  if (headers.length > 0 && typeof error === "object" && error !== null) toldWith.set(error, headers);
}

/**
 * The answer to an error: a Sojourn error's own status, 500 for any other.
 *
 * @param error What went wrong.
 * @param told What the client has to get with it: the headers of a commit.
 * @example
 * ```ts
 * import { refusal } from "sojourn/adapter";
 *
 * refusal(new Error("no")).status; // → 500
 * ```
 */
export function refusal(error: unknown, told: readonly HeaderOp[] = NO_HEADERS): Refusal {
  const status = isSessionError(error) ? error.status : 500;
  const all = [...told, ...((typeof error === "object" && error !== null && toldWith.get(error)) || NO_HEADERS)];
  const headers = status === 503 ? [...all, NO_STORE, RETRY, TEXT] : [...all, NO_STORE, TEXT];
  return { error, status, body: `${reasonOf(error, status)}\n`, headers };
}

function reasonOf(error: unknown, status: number): string {
  const reason = REASONS[status as ErrorStatus] ?? REASONS[500];
  return isSessionError(error, "SOJOURN_CROSS_SITE") ? `${reason}: ${(error as CrossSiteError).reason}` : reason;
}

/**
 * Whether the headers hand the client something of the session, beside what caches must know: an error page that drops
 * them would leave a login half done.
 *
 * @example
 * ```ts
 * import { tells } from "sojourn/adapter";
 *
 * tells(await sessions.commit(session)); // → false
 * ```
 */
export function tells(headers: readonly HeaderOp[]): boolean {
  return headers.some((header) => header !== TEXT && !/^(?:cache-control|vary|retry-after)$/.test(header.name));
}

/** No response will carry anything for this session: changing it from now on is an error. */
export function closeSession<Data extends object>(session: Session<Data>): void {
  const { response, data } = internalsOf(session as Session<object>);
  if (response.committed) return;
  response.finish(NO_HEADERS);
  data.freeze();
}

/**
 * Where adapters report by default: what a programmer has to mend. A store that is down has an event of its own.
 *
 * @example
 * ```ts
 * import { logFailure, refusal, respond, runRequest } from "sojourn/adapter";
 *
 * const answer = await runRequest(sessions, request, () => new Response("hello"), {
 *   onError(error) {
 *     logFailure(error);
 *     return respond(refusal(error));
 *   },
 * });
 * answer.status; // → 200
 * ```
 */
export function logFailure(error: unknown): void {
  if (!isSessionError(error) || error.status === 500) console.error(error);
}
