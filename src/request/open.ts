/**
 * The first stages of a request: read, verify, load, judge. Ends in a session that is live, or in an
 * anonymous one and an event that says why. What a client sends never makes any of this throw.
 */

import type { Context } from "../context.ts";
import { chain, isPromise } from "../crypto/awaitable.ts";
import type { Awaitable } from "../crypto/platform.ts";
import { isSessionError } from "../errors.ts";
import type { RejectReason } from "../events.ts";
import { judgeGeneration } from "../record/generation.ts";
import type { Held } from "../record/held.ts";
import { judgeTimes } from "../record/lifetime.ts";
import { type Encoded, tryEncode } from "../record/payload.ts";
import { readHeld } from "../record/records.ts";
import type { Misfit } from "../record/schema.ts";
import { end } from "../record/tombstone.ts";
import type { SessionKey } from "../record.ts";
import { anonymousState, type OpenedFor, type State } from "../session/state.ts";
import { type Identity, newIdentity } from "../token/identity.ts";
import type { Verified } from "../token/verify.ts";
import { type LinkTransport, type RequestSource, signsLinks, type Transport } from "../transport/transport.ts";
import { verifiedLink } from "./links.ts";
import { isPrefetch } from "./prefetch.ts";

/** A stateless cookie from further in the future than clocks of one fleet differ was not made by a clock. */
const CLOCK_SKEW_MS = 60_000;

interface Proof extends Verified {
  readonly transport: Transport;
}

export async function openState(context: Context, source: RequestSource, options: OpenedFor): Promise<State> {
  const state = anonymousState(context, source, context.clock(), options);
  // Over node:crypto nothing but the store is waited for: each promise costs as much as a hash.
  const proven = prove(context, source);
  const proof = isPromise(proven) ? await proven : proven;
  if (proof === undefined) return nameAhead(state);
  state.presents = true;
  if (typeof proof === "string") return reject(state, proof);
  try {
    const loaded = load(context, proof);
    const held = isPromise(loaded) ? await loaded : loaded;
    const judged = typeof held === "string" ? reject(state, held, proof.identity) : judge(state, proof, held);
    return isPromise(judged) ? await judged : judged;
  } catch (error) {
    if (context.onOutage !== "anonymous" || !isSessionError(error, "SOJOURN_STORE_UNAVAILABLE")) throw error;
    state.phase = "readonly";
    return nameAhead(state);
  }
}

/** The session of a record that was found by its id, outside a request. */
export async function openKnown(context: Context, identity: Identity, held: Held): Promise<State | undefined> {
  const state = anonymousState(context, undefined, context.clock(), { touch: false });
  const now = context.clock();
  const { meta } = held.content;
  if (meta.tombstone || judgeTimes(held.times.seenAt, meta.endsAt, context.lifetime, now) !== "live") return undefined;
  return (await take(state, identity, held)) ? undefined : state;
}

/** read and verify. The usual case goes without a promise: one transport, and one value or none. */
function prove(context: Context, source: RequestSource): Awaitable<Proof | RejectReason | undefined> {
  const { transports, verify } = context;
  const [transport] = transports;
  if (transports.length > 1 || signsLinks(transport)) return proveAny(context, source);
  const values = transport.read(source);
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) return proveAny(context, source);
  return chain(verify(value), (verified) => (typeof verified === "string" ? verified : proofBy(transport, verified)));
}

/** Every candidate of a transport is considered, and two that verify are refused. */
async function proveAny(context: Context, source: RequestSource): Promise<Proof | RejectReason | undefined> {
  let reason: RejectReason | undefined;
  for (const transport of context.transports) {
    let proof: Proof | undefined;
    const values = signsLinks(transport) ? await linkValues(context, transport, source) : transport.read(source);
    if (values === "link") reason = values;
    else
      for (const value of values) {
        const verified = await context.verify(value);
        if (typeof verified === "string") reason = verified;
        else if (!proof) proof = proofBy(transport, verified);
        else if (proof.identity.key !== verified.identity.key) return "ambiguous";
        else if (verified.claims.generation > proof.claims.generation) proof = proofBy(transport, verified);
      }
    if (proof) return proof;
  }
  return reason;
}

function proofBy(transport: Transport, { claims, identity, encoded }: Verified): Proof {
  return { transport, claims, identity, encoded };
}

/** A token in an address counts only when the address is a link that the application signed. */
async function linkValues(
  context: Context,
  transport: LinkTransport,
  source: RequestSource,
): Promise<readonly string[] | "link"> {
  if (transport.read(source).length === 0) return [];
  const value = await verifiedLink(context, transport, source);
  return value === null ? "link" : [value];
}

/** One round trip; none when the seal holds everything. */
function load(context: Context, { claims, identity, encoded }: Verified): Awaitable<Held | RejectReason> {
  if (claims.record && claims.meta) {
    return {
      times: claims.record,
      version: 0,
      content: { meta: claims.meta, encoded: encoded ?? context.shape.initialEncoded },
    };
  }
  return loadStored(context, identity.key, claims.version, encoded);
}

async function loadStored(
  context: Context,
  key: SessionKey,
  version: number | undefined,
  encoded: Encoded | undefined,
): Promise<Held | RejectReason> {
  const stored = await context.ask("get", () => context.store.get(key));
  if (!stored) return "unknown";
  const read = readHeld(context, key, stored);
  const held = isPromise(read) ? await read : read;
  if (!held) return "corrupt";
  if (encoded === undefined) return held;
  // The record may be of a newer shape than the data in a cookie that missed an answer.
  return { ...held, content: { meta: { ...held.content.meta, version }, encoded } };
}

function judge(state: State, proof: Proof, held: Held): Awaitable<State> {
  const { context, openedAt } = state;
  const { identity } = proof;
  const { meta } = held.content;
  if (meta.tombstone) {
    // A touch that was under way may have kept the record for longer than the tombstone is for.
    if (openedAt >= meta.endsAt) return reject(state, "unknown", identity);
    if (meta.tombstone.reason === "replaced") state.phase = "muted";
    return reject(state, meta.tombstone.reason, identity);
  }
  const limit = judgeTimes(held.times.seenAt, meta.endsAt, context.lifetime, openedAt);
  if (limit !== "live") {
    context.emit({ type: "expired", id: identity.key, limit });
    return nameAhead(state);
  }
  if (context.mode === "stateless" && held.times.createdAt > openedAt + CLOCK_SKEW_MS)
    return reject(state, "future", identity);
  const { generation, outdatedKey } = proof.claims;
  const verdict = judgeGeneration(generation, meta, context.rotationGrace, openedAt);
  if (verdict === "replay") return replayed(state, identity, held, generation);
  return chain(take(state, identity, held), (misfit) => {
    if (misfit) return reject(state, misfit, identity);
    state.provenBy = proof.transport;
    state.verdict = verdict;
    state.presented = generation;
    state.outdatedKey = outdatedKey;
    if (state.source && isPrefetch(state.source)) {
      state.prefetch = true;
      state.mayTouch = false;
    }
    return state;
  });
}

/** Puts the held record into the state; says why not when its data does not fit. */
function take(state: State, identity: Identity, held: Held): Awaitable<Misfit | undefined> {
  const { shape, codec } = state.context;
  const version = held.content.meta.version ?? 0;
  return chain(shape.load(held.content.encoded, version), (data) => {
    if (typeof data === "string") return data;
    // What a migration made is the base that changes count from, and goes to the store with the next write.
    const base = version >= shape.version ? held.content.encoded : tryEncode(codec, data);
    if (base === null) return "schema";
    state.isNew = false;
    state.identity = identity;
    state.held = held;
    state.data = data;
    state.base = base;
    state.reshaped = shape.reshapes;
    return undefined;
  });
}

/** An old generation that we did issue: whoever has it, somebody has a copy. */
async function replayed(state: State, identity: Identity, held: Held, generation: number): Promise<State> {
  const { context } = state;
  context.emit({
    type: "reuse",
    id: identity.key,
    userId: held.times.userId,
    generation,
    held: held.content.meta.generation,
  });
  if (context.onReuse === "revoke") await end(context, identity.key, "reuse", held);
  return nameAhead(state);
}

function reject(state: State, reason: RejectReason, identity?: Identity): State | Promise<State> {
  state.context.emit({ type: "rejected", id: identity?.key, reason });
  return nameAhead(state);
}

/**
 * Where hashes are asynchronous, a new session's id must be made before `session.id`, which is not,
 * can give it. Elsewhere nothing is computed until it is asked for.
 */
function nameAhead(state: State): State | Promise<State> {
  if (!state.context.namesAhead) return state;
  return Promise.resolve(newIdentity()).then((identity) => Object.assign(state, { identity }));
}
