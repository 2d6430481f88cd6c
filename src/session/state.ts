/**
 * One session as one request holds it: what was loaded, what the application did to it, and what the
 * response has to carry. Everything that acts on a session shares this; only `Session` is public.
 */

import type { Context } from "../context.ts";
import { applyChanges, changesBetween } from "../record/changes.ts";
import type { GenerationVerdict } from "../record/generation.ts";
import type { Held } from "../record/held.ts";
import type { Flash } from "../record/meta.ts";
import { type DataObject, decodeData, type Encoded } from "../record/payload.ts";
import type { SessionKey } from "../record.ts";
import type { Identity } from "../token/identity.ts";
import type { HeaderOp, RequestSource, Transport } from "../transport/transport.ts";
import type { Listener } from "./signal.ts";

/**
 * - `live`: everything works.
 * - `muted`: the client presented an id that a login replaced a moment ago. Anonymous; writes are
 *   dropped and no cookie is sent, because the client has, or is about to have, a newer one.
 * - `readonly`: the store is down and the application asked to go on anonymously.
 * - `ended`: destroyed by this request, or ended elsewhere meanwhile.
 */
export type Phase = "live" | "muted" | "readonly" | "ended";

export interface State {
  readonly context: Context;
  /** Undefined for a session that was reached by its id, outside a request. */
  readonly source: RequestSource | undefined;
  readonly openedAt: number;
  mayTouch: boolean;
  /** Opened where no cookie can be sent: nothing is done that would need one. */
  readonly cookieless: boolean;
  /** A page that is fetched in case somebody wants it: no sign of life, and nobody reads its messages. */
  prefetch: boolean;
  isNew: boolean;
  /** The client sent a value that may be a session's. */
  presents: boolean;
  /** The transport that proved the session; undefined when anonymous. */
  provenBy: Transport | undefined;
  verdict: GenerationVerdict;
  /** The generation that the client presented; a response for an older one must not be sent. */
  presented: number;
  outdatedKey: boolean;
  phase: Phase;
  /** Made when first needed; `id` is empty for a session that was reached by its id. */
  identity: Identity | undefined;
  held: Held | undefined;
  data: DataObject;
  /** The encoding that `data` is compared with to see whether it changed. */
  base: Encoded;
  /** The application has had `data` in its hands, so it may have changed. */
  looked: boolean;
  /** A schema has passed `data`, and may have made something else of it than `base` has. */
  reshaped: boolean;
  /** The application used the session in any way, so the response must not be cached. */
  accessed: boolean;
  /** Worth a record even while empty: a CSRF token was made for it. */
  keep: boolean;
  flashAdded: Flash[];
  flashTaken: boolean;
  /** The messages that the application took: those of another request, come since, were not shown. */
  flashShown: readonly Flash[];
  /** What the response does to the client's copy. */
  answer: "nothing" | "value" | "clear";
  /** The verb under way, if any, and the updates that go out with the commit; never reject. */
  verb: Promise<void> | undefined;
  /** How many functions given to `update` are running. */
  drafting: number;
  updates: Promise<void> | undefined;
  /** From when the commit begins; undefined again when it fails. */
  committed: readonly HeaderOp[] | Promise<readonly HeaderOp[]> | undefined;
  /** Made when the application asks for the signal. */
  listener: Listener | undefined;
}

/** What a session is opened for. */
export interface OpenedFor {
  readonly touch?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
}

/** A state without a session behind it. */
export function anonymousState(
  context: Context,
  source: RequestSource | undefined,
  openedAt: number,
  { touch = true, readOnly = false }: OpenedFor,
): State {
  const { data, base } = context.shape.initial();
  return {
    context,
    source,
    openedAt,
    mayTouch: touch,
    cookieless: readOnly,
    prefetch: false,
    isNew: true,
    presents: false,
    provenBy: undefined,
    verdict: "current",
    presented: 0,
    outdatedKey: false,
    phase: "live",
    identity: undefined,
    held: undefined,
    data,
    base,
    looked: false,
    reshaped: false,
    accessed: false,
    keep: false,
    flashAdded: [],
    flashTaken: false,
    flashShown: [],
    answer: "nothing",
    verb: undefined,
    drafting: 0,
    updates: undefined,
    committed: undefined,
    listener: undefined,
  };
}

/** Puts what is held now, and the data that came with it, in place of what the request had. */
export function adopt(state: State, held: Held, data: DataObject): void {
  state.held = held;
  state.base = held.content.encoded;
  replaceData(state, data);
}

/**
 * The same while the application may have gone on changing its data: what it did since the data was encoded as `seen`
 * stays on top.
 */
export function adoptUnder(state: State, held: Held, data: DataObject, seen: Encoded): void {
  const { codec } = state.context;
  const since = state.looked ? changesBetween(codec, decodeData(codec, seen) ?? {}, state.data) : [];
  adopt(state, held, data);
  applyChanges(state.data, since);
}

/** The application has the data in its hands from now on. What a schema made of it when it was loaded is nobody's change. */
export function lookAt(state: State): void {
  if (state.looked) return;
  state.looked = true;
  if (state.reshaped) state.base = state.context.codec.encode(state.data);
}

/** The data as it is now. Not encoded when nobody has looked at it. */
export function encodedData(state: State): Encoded {
  return state.looked ? state.context.codec.encode(state.data) : state.base;
}

/**
 * Keeps the object that the application may hold, and the values in it that are the same, so that a later change to them
 * is not lost; a frozen one is given up.
 */
export function replaceData(state: State, data: DataObject): void {
  if (state.data === data) return;
  if (!state.looked || Object.isFrozen(state.data)) {
    state.data = data;
    return;
  }
  applyChanges(state.data, changesBetween(state.context.codec, state.data, data));
}

/** The public id of a session that has one. */
export function keyOf(state: State): SessionKey {
  return (state.identity as Identity).key;
}
