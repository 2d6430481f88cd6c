/**
 * The headers of the response: the client's copy of the session, and what caches must know.
 */
import type { State } from "../state.ts";
import type { HeaderOp } from "../transport/transport.ts";

const NONE: readonly HeaderOp[] = Object.freeze([]);

/** `value` is what the client is to hold from now on, when the state's answer is a value. */
export function answerHeaders(state: State, value: string | undefined): readonly HeaderOp[] {
  if (!state.source) return NONE;
  const headers: HeaderOp[] = [];
  const transport = state.provenBy ?? state.context.transports[0];
  if (state.answer === "clear") headers.push(...transport.clear(state.source));
  else if (value !== undefined) headers.push(...transport.write(value, { maxAge: maxAge(state) }, state.source));
  const handsOut = headers.length > 0;
  if (state.provenBy?.onUse) headers.push(...state.provenBy.onUse(state.source));
  if (!handsOut && !state.accessed) return headers.length === 0 ? NONE : headers;
  // RFC 9111 7.3: Set-Cookie does not keep a shared cache from storing the response.
  headers.push({ op: handsOut ? "set" : "default", name: "cache-control", value: state.context.cacheControl });
  for (const { vary } of state.context.transports) if (vary) headers.push({ op: "merge", name: "vary", value: vary });
  return headers;
}

/** Seconds to the absolute deadline; a slide of the idle deadline needs no new cookie. */
function maxAge(state: State): number | undefined {
  const meta = state.held?.content.meta;
  if (!meta || meta.persistent === false) return undefined;
  return Math.max(0, Math.floor((meta.endsAt - state.context.clock()) / 1_000));
}

/** Throws SOJOURN_COOKIE_TOO_LARGE before anything is stored that the client could not be handed. */
export function checkSize(state: State, value: string): void {
  (state.provenBy ?? state.context.transports[0]).check?.(value);
}
