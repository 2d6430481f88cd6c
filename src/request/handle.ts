/**
 * One Fetch request from end to end: the reference for every adapter.
 */

import type { Session } from "../session/session.ts";
import type { HandleOptions, Handler, Sessions } from "../sessions.ts";
import { applyHeaders } from "../transport/apply.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { forbidden, type Refusal, refusal, refuse, tells } from "./error-response.ts";
import { inHand, letGo, takeInHand } from "./nested.ts";

export function handle<Data extends object>(
  sessions: Sessions<Data>,
  request: Request,
  handler: Handler<Data>,
  options: HandleOptions = {},
): Promise<Response> {
  const outer = inHand(sessions, request);
  return outer ? within(outer, request, handler) : serve(sessions, request, handler, options);
}

/** Asked from inside of a request that is handled already. */
async function within<Data extends object>(
  session: Session<Data>,
  request: Request,
  handler: Handler<Data>,
): Promise<Response> {
  return handler(session, request);
}

async function serve<Data extends object>(
  sessions: Sessions<Data>,
  request: Request,
  handler: Handler<Data>,
  { source = request, onError, touch }: HandleOptions,
): Promise<Response> {
  const recover = async (error: unknown, answer: Refusal): Promise<Response> => {
    const own = await onError?.(error);
    if (own) return withHeaders(own, answer.headers);
    return answer.status === 500 ? lastResort(error, answer) : respond(answer);
  };
  let session: Session<Data>;
  try {
    session = await sessions.open(source, { touch });
    const protection = await sessions.protect(source, session, (field) => formField(request, field));
    if (!protection.allowed) return respond(forbidden(protection.reason));
  } catch (error) {
    return recover(error, refusal(error));
  }
  let failure: { readonly error: unknown } | undefined;
  let response: Response;
  let headers: readonly HeaderOp[];
  takeInHand(sessions, request, session);
  try {
    response = await answered(() => handler(session, request));
    if (!response?.headers) throw new TypeError("The handler of a session must return a Response.");
  } catch (error) {
    const own = await onError?.(error);
    const answer = refusal(error);
    response = own ?? respond(answer);
    if (!own && answer.status === 500) failure = { error };
  } finally {
    letGo(sessions, request);
  }
  try {
    headers = await sessions.commit(session, { status: response.status });
  } catch (error) {
    // Nobody will read it.
    response.body?.cancel().catch(() => {});
    session.release();
    return recover(error, await refuse(sessions, session, error));
  }
  if (failure) {
    session.release();
    return lastResort(failure.error, refusal(failure.error, headers));
  }
  return releaseAfter(session, withHeaders(response, headers));
}

/** A Response that is thrown is an answer, too: frameworks leave a handler by a redirect so. */
async function answered(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (thrown) {
    if (thrown instanceof Response) return thrown;
    throw thrown;
  }
}

/** The runtime answers an error with 500 by itself; not so when the client has to be told of what took effect before. */
function lastResort(error: unknown, answer: Refusal): Response {
  if (!tells(answer.headers)) throw error;
  console.error(error);
  return respond(answer);
}

/** A refusal as a response. */
export function respond({ status, body, headers }: Refusal): Response {
  return withHeaders(new Response(body, { status }), headers);
}

/**
 * A response with the headers on it; a copy where they cannot be changed (a redirect, a fetched response), and where they must
 * not be: one without a body may be a constant of the application, and would take a client's cookie to the next one.
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

const copyOf = (response: Response): Response => new Response(response.body, response);

/** Forms with a token are small; a larger body brings it in the header. */
const MOST_FORM_BYTES = 1_048_576;

/**
 * A field of a form, read from a copy of the body so that the application can read it too; null for other bodies and for
 * those over 1 MiB, which are not read.
 */
export async function formField(request: Request, field: string): Promise<string | null> {
  const type = request.headers.get("content-type") ?? "";
  const length = Number(request.headers.get("content-length") ?? 0);
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type) || length > MOST_FORM_BYTES)
    return null;
  try {
    const bytes = await firstBytes(request.clone());
    const form = bytes && (await new Response(bytes, { headers: { "content-type": type } }).formData());
    const value = form?.get(field);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** The whole body, or undefined when there is too much of it: a length is not always sent, and not always true. */
async function firstBytes(request: Request): Promise<Blob | undefined> {
  const reader = request.body?.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MOST_FORM_BYTES) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  return new Blob(chunks);
}

/** Lets go of the session's signal when the last byte of the body is sent, or nobody wants it any more. */
export function releaseAfter(session: Session<object>, response: Response): Response {
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
  return new Response(body, response);
}
