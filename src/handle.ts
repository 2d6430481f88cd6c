/**
 * One Fetch request from end to end: the reference for every adapter.
 */
import { isSessionError } from "./errors.ts";
import type { Sessions } from "./manager.ts";
import type { Session } from "./session.ts";
import { applyHeaders } from "./transport/apply.ts";
import type { HeaderOp } from "./transport/transport.ts";

/** What `sessions.handle` and the Fetch adapter run. */
export type Handler<Data extends object> = (session: Session<Data>, request: Request) => Response | Promise<Response>;

export async function handle<Data extends object>(
  sessions: Sessions<Data>,
  request: Request,
  handler: Handler<Data>,
): Promise<Response> {
  try {
    const session = await sessions.open(request);
    const protection = await sessions.protect(request, session, (field) => formField(request, field));
    if (!protection.allowed) return new Response(`Forbidden: ${protection.reason}\n`, { status: 403 });
    const response = await handler(session, request);
    return releaseAfter(session, withHeaders(response, await sessions.commit(session)));
  } catch (error) {
    if (!isSessionError(error, "SOJOURN_STORE_UNAVAILABLE")) throw error;
    return unavailable();
  }
}

/** The answer while the store is down. It carries no cookie: a failing store never logs anyone in or out. */
export function unavailable(): Response {
  return new Response("Service unavailable\n", {
    status: 503,
    headers: { "retry-after": "1", "cache-control": "no-store" },
  });
}

/** A response with the headers on it; a copy where they cannot be changed (a redirect, a fetched response). */
export function withHeaders(response: Response, operations: readonly HeaderOp[]): Response {
  if (operations.length === 0) return response;
  try {
    applyHeaders(response.headers, operations);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    applyHeaders(copy.headers, operations);
    return copy;
  }
}

/** A field of a form, read from a copy of the body so that the application can read it too; null for other bodies. */
export async function formField(request: Request, field: string): Promise<string | null> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return null;
  try {
    const value = (await request.clone().formData()).get(field);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** Lets go of the session's signal when the last byte of the body is sent, or nobody wants it any more. */
export function releaseAfter(session: Session<object>, response: Response): Response {
  if (!session.listening) return response;
  const release = (): void => session.release();
  if (!response.body) {
    release();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      release();
      controller.close();
    },
    cancel(reason) {
      release();
      return reader.cancel(reason);
    },
  });
  return new Response(body, response);
}
