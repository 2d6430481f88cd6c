import type { RequestSource } from "./transport.ts";

/** The part of a Fetch `Request` that is used. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** What `open` accepts: a Fetch request, or what an adapter made of another kind. */
export type RequestLike = FetchRequest | RequestSource;

export function sourceOf(request: RequestLike): RequestSource {
  if ("header" in request) return request;
  return { method: request.method, url: request.url, header: (name) => request.headers.get(name) ?? undefined };
}
