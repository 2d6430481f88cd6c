/**
 * The headers of the response: the client's copy of the session, and what caches must know.
 */
import type { Context } from "../context.ts";
import type { Internals } from "../session/internals.ts";
import type { HeaderOp, RequestSource } from "../transport/transport.ts";

/** For a response that has nothing to tell the client. All of them share it, so it is frozen. */
export const NO_HEADERS: readonly HeaderOp[] = Object.freeze([]);

/** `value` is what the client is to hold from now on, when the response hands one out. */
export function responseHeaders(session: Internals, value: string | undefined): readonly HeaderOp[] {
  const { proof, context, response } = session;
  const { source } = proof;
  if (!source || proof.readOnly) return NO_HEADERS;
  const transport = proof.transport ?? context.transports[0];
  let copy = NO_HEADERS;
  if (response.action === "clear") copy = transport.clear(source);
  else if (value !== undefined) copy = transport.write(value, { maxAge: maxAge(session) }, source);
  const used = usedHeaders(session, source);
  // RFC 9111 7.3: Set-Cookie does not keep a shared cache from storing the response.
  if (copy.length > 0) return [...copy, ...used, ...context.caching.set];
  if (!response.used) return used;
  return used.length > 0 ? [...used, ...context.caching.default] : context.caching.default;
}

/** Of the transport that proved the session, or of one whose mark the request bears, whatever became of its value. */
export function usedHeaders({ proof, context }: Internals, source: RequestSource): readonly HeaderOp[] {
  const proved = proof.transport?.onUse?.(source);
  if (proved) return proved;
  return markHeaders(context, source);
}

/** What the answer to a request needs that bears a transport's mark, also when no session was opened for it. */
export function markHeaders({ transports }: Context, source: RequestSource): readonly HeaderOp[] {
  const marked = transports.find((transport) => transport.bears?.(source));
  return marked?.onUse?.(source) ?? NO_HEADERS;
}

/** Seconds to the absolute deadline; a slide of the idle deadline needs no new cookie. */
function maxAge({ held, context }: Internals): number | undefined {
  const meta = held?.content.meta;
  if (!meta || meta.persistent === false) return undefined;
  return Math.max(0, Math.ceil((meta.endsAt - context.clock()) / 1_000));
}
