/**
 * One Fetch request from end to end: the reference for every adapter.
 */

import type { Session } from "../session/session.ts";
import type { HandleOptions, Handler, Sessions } from "../sessions.ts";
import { applyHeaders } from "../transport/apply.ts";
import { withAddress } from "../transport/source.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { answerOf } from "./answer.ts";
import { type Refusal, refusal, tells } from "./error-response.ts";
import { formField } from "./form-field.ts";
import { type Answering, type Asked, run, runLazily } from "./run.ts";

/**
 * One Fetch request from end to end, for frameworks that can be wrapped: opens the session, checks where the request
 * comes from, runs the application, commits by the status of the final Response, and puts the session's headers on it.
 *
 * - A request that is refused (403), a store that is down (503) and a commit that fails are answered here.
 * - What the application throws is thrown on, unless it is an answer (`isAnswer`), is a Sojourn error below 500, or a
 *   verb (`login`, `logout`) has taken effect: then the answer is 500 and tells the client.
 * - Asked again for the same request (or its clone, or the same `key`) from inside of `run`, it hands on the session
 *   and leaves the rest to the outer call.
 *
 * @param request The framework's Fetch request.
 * @param run The rest of the application; its Response must be the final one, so wrap as far out as can be.
 * @example
 * ```ts
 * import { runRequest } from "sojourn/adapter";
 *
 * const middleware = (request: Request, next: (session: object) => Promise<Response>) =>
 *   runRequest(sessions, request, (session) => next(session));
 * ```
 */
export function runRequest<Data extends object>(
  sessions: Sessions<Data>,
  request: Request,
  application: (session: Session<Data>) => Response | Promise<Response>,
  options: HandleOptions = {},
): Promise<Response> {
  const { asked, answering } = fetchParts(request, options);
  return run(sessions, asked, application, answering);
}

/**
 * The same for an application that asks for the session when it needs it, by the function that it is given or by
 * `sessions.open(request)`: a request whose handler never asks makes no call of the store. Requests that change
 * something (POST and the like) are opened before, for they must be checked. With `sojourn/context`, nothing is known
 * before it is asked.
 *
 * @example
 * ```ts
 * import { runLazyRequest } from "sojourn/adapter";
 *
 * const answer = await runLazyRequest(sessions, request, async (open) => {
 *   if (request.url.endsWith("/about")) return new Response("About"); // reads nothing
 *   return new Response((await open()).userId);
 * });
 * ```
 */
export function runLazyRequest<Data extends object>(
  sessions: Sessions<Data>,
  request: Request,
  application: (open: () => Promise<Session<Data>>) => Response | Promise<Response>,
  options: HandleOptions = {},
): Promise<Response> {
  const { asked, answering } = fetchParts(request, options);
  return runLazily(sessions, asked, application, answering);
}

/** What Fetch adapters ask for, and how they answer. */
function fetchParts(
  request: Request,
  { source = request, address, csrf = true, touch, readOnly, key = request, readBody, ...answers }: HandleOptions,
): { readonly asked: Asked; readonly answering: Answering<Response> } {
  const body = readBody ?? ((field: string) => formField(request, field));
  return {
    asked: { request: address ? withAddress(source, address) : source, csrf, readBody: body, touch, readOnly, key },
    answering: fetchAnswers(answers),
  };
}

function fetchAnswers({
  onError,
  isAnswer = answerOf,
}: Pick<HandleOptions, "onError" | "isAnswer">): Answering<Response> {
  return {
    statusOf(response) {
      if (!response?.headers) throw new TypeError("The handler of a session must return a Response.");
      return response.status;
    },
    answerTo: async (thrown) => isAnswer(thrown) ?? (await onError?.(thrown)) ?? ownStatus(thrown),
    finish(response, headers, session) {
      const answered = withHeaders(response, headers);
      return session ? releaseAfter(session, answered) : answered;
    },
    async replace(answer, why) {
      const own = why === "failed" ? undefined : await onError?.(answer.error);
      if (own) return withHeaders(own, answer.headers);
      return answer.status === 500 ? lastResort(answer) : respond(answer);
    },
    drop: (response) => void response.body?.cancel().catch(() => {}),
  };
}

/** What `sessions.handle` is. */
export function handle<Data extends object>(
  sessions: Sessions<Data>,
  request: Request,
  handler: Handler<Data>,
  options?: HandleOptions,
): Promise<Response> {
  return runRequest(sessions, request, (session) => handler(session, request), options);
}

/** A Sojourn error that nobody caught has an answer by its status; an error of the application is the runtime's. */
function ownStatus(thrown: unknown): Response | undefined {
  const answer = refusal(thrown);
  return answer.status === 500 ? undefined : respond(answer);
}

/**
 * The runtime answers an error with 500 by itself; not so when the client has to be told of what took effect before.
 */
function lastResort(answer: Refusal): Response {
  if (!tells(answer.headers)) throw answer.error;
  console.error(answer.error);
  return respond(answer);
}

/**
 * A refusal as a response.
 *
 * @example
 * ```ts
 * import { refusal, respond } from "sojourn/adapter";
 *
 * respond(refusal(new Error("no"))).status; // → 500
 * ```
 */
export function respond({ status, body, headers }: Refusal): Response {
  return withHeaders(new Response(body, { status }), headers);
}

/**
 * A response with the headers on it; a copy where they cannot be changed (a redirect, a fetched response), and where
 * they must not be: one without a body may be a constant of the application, and would take a client's cookie to the
 * next one.
 *
 * @example
 * ```ts
 * import { withHeaders } from "sojourn/adapter";
 *
 * const answer = withHeaders(new Response("hello"), await sessions.commit(session));
 * answer.status; // → 200
 * ```
 */
export function withHeaders(response: Response, operations: readonly HeaderOp[]): Response {
  if (operations.length === 0) return response;
  // The answer to a handshake stays the object that the runtime knows.
  const own = tells(operations) && response.status !== 101 && response.body === null ? copyOf(response) : response;
  try {
    applyHeaders(own.headers, operations);
    return own;
  } catch {
    const copy = copyOf(response);
    applyHeaders(copy.headers, operations);
    return copy;
  }
}

/**
 * A copy, with what a framework put on the original: TanStack Start knows its redirects by such properties, and would
 * not follow one without them.
 */
function copyOf(response: Response, body: BodyInit | null = response.body): Response {
  const copy = new Response(body, response);
  for (const key of Reflect.ownKeys(response)) {
    // The platform's own fields have symbols that nobody else can have.
    if (typeof key === "symbol" && Symbol.keyFor(key) === undefined) continue;
    Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(response, key) ?? {});
  }
  return copy;
}

/**
 * Lets go of the session's signal when the last byte of the body is sent, or nobody wants it any more.
 *
 * @example
 * ```ts
 * import { releaseAfter } from "sojourn/adapter";
 *
 * session.signal.addEventListener("abort", () => socket.close());
 * await releaseAfter(session, new Response("hello")).text();
 * session.listening; // → false
 * ```
 */
export function releaseAfter<Data extends object>(session: Session<Data>, response: Response): Response {
  // A socket goes on when the response to its handshake is over.
  if (!session.listening || response.status === 101) return response;
  const release = (): void => session.release();
  if (!response.body) {
    release();
    return response;
  }
  const reader = response.body.getReader();
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        release();
        throw error;
      });
      if (!done) return controller.enqueue(value);
      release();
      controller.close();
    },
    cancel(reason) {
      release();
      return reader.cancel(reason);
    },
  };
  // Nothing is read before somebody wants it.
  const body = new ReadableStream(source, { highWaterMark: 0 });
  return copyOf(response, body);
}
