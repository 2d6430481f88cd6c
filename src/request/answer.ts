/**
 * What is thrown and is an answer: frameworks leave a handler by a redirect or a "not found" so.
 */

/**
 * The answer that was thrown, as a Response; undefined when it is an error. Known are a Response itself (Remix, React
 * Router, TanStack, Hono), Next's `redirect()`, `notFound()`, `forbidden()` and `unauthorized()`, SvelteKit's
 * `redirect()`, React Router's `data()` and TanStack's `notFound()`.
 *
 * @example
 * ```ts
 * import { answerOf } from "sojourn/adapter";
 *
 * answerOf(new Response(null, { status: 404 }))?.status; // → 404
 * answerOf(new Error("no")); // → undefined
 * ```
 */
export function answerOf(thrown: unknown): Response | undefined {
  if (thrown instanceof Response) return thrown;
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const { digest, status, location, type, init, isNotFound } = thrown as Thrown;
  if (typeof digest === "string") return answerOfDigest(digest);
  if (thrown instanceof Error) return undefined;
  if (typeof location === "string" && isRedirect(status)) return redirect(status, location);
  if (type === "DataWithResponseInit") return new Response(null, { status: init?.status ?? 200 });
  return isNotFound === true ? new Response(null, { status: 404 }) : undefined;
}

interface Thrown {
  readonly digest?: unknown;
  readonly status?: unknown;
  readonly location?: unknown;
  readonly type?: unknown;
  readonly init?: { readonly status?: number } | null;
  readonly isNotFound?: unknown;
}

/**
 * Next: `NEXT_REDIRECT;<type>;<address>;<status>;` (the address may hold semicolons) and
 * `NEXT_HTTP_ERROR_FALLBACK;<status>`.
 */
function answerOfDigest(digest: string): Response | undefined {
  const parts = digest.split(";");
  if (parts[0] === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(parts[1]) || 404 });
  if (parts[0] !== "NEXT_REDIRECT") return undefined;
  const status = Number(parts.at(-2));
  return redirect(isRedirect(status) ? status : 307, parts.slice(2, -2).join(";"));
}

const isRedirect = (status: unknown): status is number => typeof status === "number" && status >= 300 && status < 400;

const redirect = (status: number, location: string): Response => new Response(null, { status, headers: { location } });
