/**
 * Pages that are fetched in case somebody wants them.
 */
import type { RequestSource } from "../transport/transport.ts";

/**
 * `Sec-Purpose` ("prefetch", "prefetch;prerender": the Fetch standard, 3.1.4), the older `Purpose` and `X-Moz`, and
 * what Next's router sends. Whoever pretends it only lets their own session end earlier.
 */
export function isPrefetch(source: RequestSource): boolean {
  const said = source.header("sec-purpose") ?? source.header("purpose") ?? source.header("x-moz");
  if (said !== undefined && /\bpre(?:fetch|render)\b/i.test(said)) return true;
  return source.header("next-router-prefetch") !== undefined;
}
