/**
 * The headers of the response: the client's copy of the session, and what caches must know.
 */
import type { State } from "../session/state.ts";
import type { HeaderOp } from "../transport/transport.ts";

const NONE: readonly HeaderOp[] = Object.freeze([]);

/** `value` is what the client is to hold from now on, when the state's answer is a value. */
export function answerHeaders(state: State, value: string | undefined): readonly HeaderOp[] {
  const { source, context, provenBy } = state;
  if (!source || state.cookieless) return NONE;
  const transport = provenBy ?? context.transports[0];
  let copy = NONE;
  if (state.answer === "clear") copy = transport.clear(source);
  else if (value !== undefined) copy = transport.write(value, { maxAge: maxAge(state) }, source);
  const used = provenBy?.onUse?.(source) ?? NONE;
  // RFC 9111 7.3: Set-Cookie does not keep a shared cache from storing the response.
  if (copy.length > 0) return [...copy, ...used, ...context.caching.set];
  if (!state.accessed) return used;
  return used.length > 0 ? [...used, ...context.caching.default] : context.caching.default;
}

/** Seconds to the absolute deadline; a slide of the idle deadline needs no new cookie. */
function maxAge(state: State): number | undefined {
  const meta = state.held?.content.meta;
  if (!meta || meta.persistent === false) return undefined;
  return Math.max(0, Math.ceil((meta.endsAt - state.context.clock()) / 1_000));
}
