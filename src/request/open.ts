/**
 * The first stages of a request: read, verify, load, judge. Ends in a session that is live, or in an
 * anonymous one and an event that says why. What a client sends never makes any of this throw.
 */

import { type Awaitable, chain, isPromise } from "../awaitable.ts";
import type { Context } from "../context.ts";
import { isSessionError } from "../errors.ts";
import type { RejectReason } from "../events.ts";
import { judgeGeneration } from "../record/generation.ts";
import type { Held } from "../record/held.ts";
import { judgeTimes, limitsOf } from "../record/lifetime.ts";
import { tryEncode } from "../record/payload.ts";
import type { Misfit } from "../record/schema.ts";
import { end, IN_FLIGHT_MS } from "../record/tombstone.ts";
import type { SessionKey } from "../record.ts";
import { type Found, Internals, type Phase } from "../session/internals.ts";
import type { AnonymousBecause, Proof } from "../session/proof.ts";
import { type Identity, newIdentity } from "../token/identity.ts";
import type { Verified } from "../token/verify.ts";
import { type RequestSource, signsLinks } from "../transport/transport.ts";
import { isPrefetch } from "./prefetch.ts";
import { type Candidate, prove } from "./prove.ts";

/**
 * Data up to this length is decoded when it is loaded, so that a damaged record is an anonymous request; more, when it
 * is looked at.
 */
const SHORT = 4_096;

/** Cookies of one name that are looked up; a client that sends more live ones is no browser. */
const MOST_CANDIDATES = 4;

/** What is known of a request before its session is. */
interface Arrival {
  readonly context: Context;
  readonly source: RequestSource | undefined;
  readonly openedAt: number;
  readonly arrivedAt: number;
  readonly mayTouch: boolean;
  readonly readOnly: boolean;
}

export function openSession(
  context: Context,
  source: RequestSource,
  options: { readonly touch?: boolean | undefined; readonly readOnly?: boolean | undefined } = {},
): Awaitable<Internals> {
  const { touch = true, readOnly = false } = options;
  const openedAt = context.clock();
  const arrivedAt = context.stamp(openedAt);
  const arrival: Arrival = { context, source, openedAt, arrivedAt, mayTouch: touch, readOnly };
  // Over node:crypto nothing but the store is waited for: each promise costs as much as a hash.
  return chain(prove(context, source), (proven) => {
    if (proven === undefined) return anonymous(arrival, "none");
    if (typeof proven === "string") return reject(arrival, proven);
    return orOutage(arrival, () => ("several" in proven ? chooseLive(arrival, proven.several) : find(arrival, proven)));
  });
}

/** The session of a record that was found by its id, outside a request. */
export async function openKnown(context: Context, identity: Identity, held: Held): Promise<Internals | undefined> {
  const { meta } = held.content;
  const now = context.clock();
  if (meta.tombstone || judge(context, held, now) !== "live") return undefined;
  const rest = { source: undefined, mayTouch: false, readOnly: false };
  const arrival: Arrival = { context, openedAt: now, arrivedAt: now, ...rest };
  const found = await take(context, identity, held);
  return typeof found === "string" ? undefined : new Internals(context, proofOf(arrival), "live", found);
}

function orOutage(arrival: Arrival, work: () => Awaitable<Internals>): Awaitable<Internals> {
  const down = (error: unknown): Awaitable<Internals> => {
    if (arrival.context.onOutage !== "anonymous" || !isSessionError(error, "SOJOURN_STORE_UNAVAILABLE")) throw error;
    return anonymous(arrival, "outage", undefined, "readonly");
  };
  try {
    const opened = work();
    return isPromise(opened) ? opened.catch(down) : opened;
  } catch (error) {
    return down(error);
  }
}

function find(arrival: Arrival, candidate: Candidate): Awaitable<Internals> {
  return chain(load(arrival.context, candidate), (held) =>
    typeof held === "string" ? reject(arrival, held, candidate.identity) : admit(arrival, candidate, held),
  );
}

/**
 * A dead cookie beside a live one, from before a change of `domain`, `path` or prefix, is no candidate. Two that are
 * live are refused, for somebody may have planted one; a login ends both and gets the user in.
 */
async function chooseLive(arrival: Arrival, several: readonly Candidate[]): Promise<Internals> {
  const { context, openedAt } = arrival;
  if (several.length > MOST_CANDIDATES) return reject(arrival, "ambiguous");
  const live: { readonly candidate: Candidate; readonly held: Held }[] = [];
  let dead: Candidate | undefined;
  for (const candidate of several) {
    const held = await load(context, candidate);
    const alive = typeof held !== "string" && !held.content.meta.tombstone && judge(context, held, openedAt) === "live";
    if (alive) live.push({ candidate, held });
    // What a login or a logout left behind says more than what nobody knows.
    else if (!dead || typeof held !== "string") dead = candidate;
  }
  const [only, another] = live;
  if (another) {
    const rivals = live.map(({ candidate }) => candidate.identity.key);
    return reject(arrival, "ambiguous", undefined, rivals);
  }
  if (only) return admit(arrival, only.candidate, only.held);
  return find(arrival, dead as Candidate);
}

/** One round trip; none when the seal holds everything. */
function load(context: Context, { claims, identity, encoded }: Verified): Awaitable<Held | "unknown" | "corrupt"> {
  if (claims.record && claims.meta) {
    const content = { meta: claims.meta, encoded: encoded ?? context.shape.initialEncoded };
    return { times: claims.record, version: 0, content };
  }
  return chain(context.records.load(identity.key), (held) => {
    if (typeof held === "string" || encoded === undefined) return held;
    // The record may be of a newer shape than the data in a cookie that missed an answer.
    return { ...held, content: { meta: { ...held.content.meta, version: claims.version }, encoded } };
  });
}

function judge({ lifetime }: Context, { times, content }: Held, now: number): ReturnType<typeof judgeTimes> {
  return judgeTimes(times.seenAt, content.meta.endsAt, limitsOf(lifetime, times.userId, content.meta.idle), now);
}

/** Whether a record that was proved is this request's session. */
function admit(arrival: Arrival, candidate: Candidate, held: Held): Awaitable<Internals> {
  const { context, openedAt } = arrival;
  const { identity } = candidate;
  const { meta } = held.content;
  // What a link shows says nothing of what the browser holds: it was made before whatever rotated the session since.
  const byLink = signsLinks(candidate.transport);
  if (meta.tombstone) return buried(arrival, identity, held, byLink);
  const limit = judge(context, held, openedAt);
  if (limit !== "live") {
    context.emit({ type: "expired", id: identity.key, limit });
    return anonymous(arrival, "expired", identity.key);
  }
  if (held.times.createdAt > openedAt + context.mostSkewMs) return reject(arrival, "future", identity);
  const { generation, outdated } = candidate.claims;
  const verdict = byLink ? "current" : judgeGeneration(generation, meta, context.rotationGrace, openedAt);
  if (verdict === "replay") return replayed(arrival, identity, held, generation);
  return chain(take(context, identity, held), (found) => {
    if (typeof found === "string") return reject(arrival, found, identity);
    const prefetch = arrival.source !== undefined && isPrefetch(arrival.source);
    const proof: Proof = {
      ...proofOf(arrival),
      mayTouch: arrival.mayTouch && !prefetch,
      prefetch,
      presents: true,
      transport: candidate.transport,
      key: identity.key,
      verdict,
      generation,
      outdated,
      anonymousBecause: undefined,
    };
    return new Internals(context, proof, "live", found);
  });
}

/** An id that was replaced or ended a moment ago: its client has, or is about to have, a newer cookie. */
function buried(arrival: Arrival, identity: Identity, { content }: Held, byLink: boolean): Awaitable<Internals> {
  const { context, openedAt } = arrival;
  const { tombstone, endsAt, rotatedAt } = content.meta;
  // A touch that was under way may have kept the record for longer than the tombstone is for.
  if (!tombstone || openedAt >= endsAt) return reject(arrival, "unknown", identity);
  const inFlight = openedAt < rotatedAt + IN_FLIGHT_MS;
  if (!inFlight && !byLink && tombstone.reason === "replaced") {
    // No request of the browser that got the new id takes that long: somebody else has one of the two.
    context.emit({ type: "reuse", id: identity.key, userId: undefined, generation: 0, held: 0 });
  }
  context.emit({ type: "rejected", id: identity.key, reason: inFlight ? tombstone.reason : "unknown" });
  return anonymous(arrival, tombstone.reason, identity.key, inFlight ? "muted" : "live");
}

/** The record as a session; says why not when its data does not fit. */
function take(context: Context, identity: Identity, held: Held): Awaitable<Found | Misfit> {
  const { shape, codec } = context;
  const { encoded, meta } = held.content;
  const version = meta.version ?? 0;
  if (!shape.reshapes && version >= shape.version && encoded.length > SHORT)
    return { identity, held, base: encoded, value: undefined, reshaped: false };
  return chain(shape.load(encoded, version), (data) => {
    if (typeof data === "string") return data;
    // What a migration made is the base that changes count from, and goes to the store with the next write.
    const base = version >= shape.version ? encoded : tryEncode(codec, data);
    if (base === null) return "schema";
    return { identity, held, base, value: data, reshaped: shape.reshapes };
  });
}

/** An old generation that we did issue: whoever has it, somebody has a copy. */
async function replayed(arrival: Arrival, identity: Identity, held: Held, generation: number): Promise<Internals> {
  const { context } = arrival;
  context.emit({
    type: "reuse",
    id: identity.key,
    userId: held.times.userId,
    generation,
    held: held.content.meta.generation,
  });
  if (context.onReuse === "revoke") await end(context.graveyard, identity.key, "reuse", held);
  return anonymous(arrival, "ended", identity.key);
}

/** Which rejections say what became of a session. */
const BECAUSE: Partial<Record<RejectReason, AnonymousBecause>> = { unknown: "unknown" };

function reject(
  arrival: Arrival,
  reason: RejectReason,
  identity?: Identity,
  rivals: readonly SessionKey[] = [],
): Awaitable<Internals> {
  arrival.context.emit({ type: "rejected", id: identity?.key, reason });
  return anonymous(arrival, BECAUSE[reason] ?? "rejected", identity?.key, "live", rivals);
}

/**
 * Where hashes are asynchronous, a new session's id must be made before `session.id`, which is not,
 * can give it. Elsewhere nothing is computed until it is asked for.
 */
function anonymous(
  arrival: Arrival,
  because: AnonymousBecause,
  key?: SessionKey,
  phase: Phase = "live",
  rivals: readonly SessionKey[] = [],
): Awaitable<Internals> {
  const proof: Proof = { ...proofOf(arrival), presents: because !== "none", key, anonymousBecause: because, rivals };
  const session = new Internals(arrival.context, proof, phase);
  if (!arrival.context.namesAhead) return session;
  return Promise.resolve(newIdentity()).then((identity) => {
    session.name(identity);
    return session;
  });
}

function proofOf({ source, openedAt, arrivedAt, mayTouch, readOnly }: Arrival): Proof {
  return {
    source,
    openedAt,
    arrivedAt,
    mayTouch,
    readOnly,
    prefetch: false,
    presents: false,
    transport: undefined,
    key: undefined,
    verdict: "current",
    generation: 0,
    outdated: false,
    anonymousBecause: "none",
    rivals: [],
  };
}
