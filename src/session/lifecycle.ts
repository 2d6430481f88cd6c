/**
 * The verbs that change who a session belongs to. Each takes effect in the store before it resolves;
 * the client learns of it with the response.
 */

import type { Context } from "../context.ts";
import { invalidOption, SessionError } from "../errors.ts";
import { freeze } from "../record/freeze.ts";
import type { Held, Times } from "../record/held.ts";
import { expiryOf } from "../record/lifetime.ts";
import { mergeOnto } from "../record/merge.ts";
import type { Meta } from "../record/meta.ts";
import { type Content, decodeData, type Encoded, sameEncoded } from "../record/payload.ts";
import { compareAndSet, look, type Next, writePayload } from "../record/records.ts";
import { bury, end } from "../record/tombstone.ts";
import { type Admission, type Epoch, isUserStore } from "../stores/store.ts";
import { type Identity, newIdentity } from "../token/identity.ts";
import { assertAnswerable, assertHandsOut, assertUsable, checkSize } from "./guards.ts";
import { adoptUnder, encodedData, keyOf, replaceData, type State } from "./state.ts";

/** What is known of a login beside the user. */
export interface LoginOptions {
  /** How the user authenticated: "pwd", "otp", "hwk"… (RFC 8176 lists names). Kept and listed; never interpreted. Default: none. */
  readonly factors?: readonly string[] | undefined;
  /** False makes the cookie end with the browser ("remember me" left unticked). Default: the cookie option `persistent`, which `true` does not override. */
  readonly persistent?: boolean | undefined;
  /** The login ends at this instant at the latest, however often it is used. Default: the manager's `lifetime`, which a later instant does not prolong. */
  readonly until?: Date | undefined;
}

/** A user id is an index key in every store; longer ones do not fit all of them. */
const LONGEST_USER_ID = 255;

export async function login(state: State, userId: string, options: LoginOptions): Promise<void> {
  assertAnswerable(state, "login");
  if (typeof userId !== "string" || userId === "" || userId.length > LONGEST_USER_ID) {
    throw invalidOption("userId", userId, `a string of 1 to ${LONGEST_USER_ID} characters`);
  }
  checkFacts(options);
  const { context } = state;
  const now = context.clock();
  const device = state.source && context.device(state.source);
  const meta: Meta = {
    ...freshMeta(context, now),
    endsAt: Math.min(now + context.lifetime.lifetime, options.until?.getTime() ?? Infinity),
    authenticatedAt: now,
    factors: options.factors,
    persistent: options.persistent,
    device,
  };
  await replace(
    state,
    { createdAt: now, seenAt: now, expiresAt: expiryOf(now, meta.endsAt, context.lifetime), userId },
    meta,
    "login",
  );
}

/** A new id for the same session and user: for a change of privilege that is not a login (ASVS 7.2.4). */
export async function rotate(state: State): Promise<void> {
  assertAnswerable(state, "rotate");
  if (!state.held) return;
  const { times, content } = state.held;
  await replace(
    state,
    times,
    { ...content.meta, generation: 0, rotatedAt: state.context.clock(), successorSeenAt: undefined },
    "rotate",
  );
}

/** The user has authenticated again: a new id, and both time limits begin anew (SP 800-63B-4, 5.2). */
export async function reauthenticate(state: State, options: Pick<LoginOptions, "factors">): Promise<void> {
  assertAnswerable(state, "reauthenticate");
  checkFacts(options);
  const userId = state.held?.times.userId;
  if (!state.held || userId === undefined) throw notAuthenticated("reauthenticate");
  const { context } = state;
  const now = context.clock();
  const old = state.held.content.meta;
  const factors = options.factors ?? old.factors;
  const meta: Meta = { ...old, ...freshMeta(context, now), authenticatedAt: now, factors };
  const times: Times = { createdAt: now, seenAt: now, expiresAt: expiryOf(now, meta.endsAt, context.lifetime), userId };
  await replace(state, times, meta, "reauthenticate");
}

/** Ends the session in the store and takes the client's copy away with the response. */
export async function destroy(state: State, reason: "destroyed" | "logout"): Promise<void> {
  assertUsable(state, reason === "logout" ? "logout" : "destroy");
  assertHandsOut(state, reason === "logout" ? "logout" : "destroy");
  if (state.held) await end(state.context, keyOf(state), reason, state.held);
  state.phase = "ended";
  if (reason === "destroyed") freeze(state.data);
  if (state.provenBy || state.answer === "value") state.answer = "clear";
}

/** Ends the session; the request goes on anonymously, and may begin another one. */
export async function logout(state: State): Promise<void> {
  if (state.committed) assertAnswerable(state, "logout");
  const { phase } = state;
  await destroy(state, "logout");
  state.phase = phase;
  state.held = undefined;
  state.identity = undefined;
  state.verdict = "current";
  state.keep = false;
  state.flashTaken = false;
  state.flashAdded = [];
  state.listener?.release();
  state.listener = undefined;
  const { data, base } = state.context.shape.initial();
  state.base = base;
  replaceData(state, data);
  if (state.context.namesAhead) state.identity = await newIdentity();
}

/** A text would pass for a list: it has an `includes` of its own, which finds parts of words. */
function checkFacts({ factors, persistent, until }: LoginOptions): void {
  if (factors !== undefined && !(Array.isArray(factors) && factors.every((factor) => typeof factor === "string")))
    throw invalidOption("factors", factors, 'a list of names, such as ["pwd", "otp"]');
  if (persistent !== undefined && typeof persistent !== "boolean")
    throw invalidOption("persistent", persistent, "true or false");
  if (until !== undefined && !(until instanceof Date && Number.isFinite(until.getTime())))
    throw invalidOption("until", until, "a Date");
}

export function notAuthenticated(verb: string): SessionError {
  return new SessionError("SOJOURN_NOT_AUTHENTICATED", `Cannot ${verb}: nobody is logged in to this session.`);
}

function freshMeta(context: Context, now: number): Meta {
  return {
    endsAt: now + context.lifetime.lifetime,
    rotatedAt: now,
    generation: 0,
    version: context.shape.label(undefined),
  };
}

/**
 * The successor first, then the predecessor's grave: at no instant is there no session, and the old id
 * has no grace. What another request saved under the old id meanwhile is carried over too.
 */
async function replace(
  state: State,
  times: Times,
  fresh: Meta,
  why: "login" | "rotate" | "reauthenticate",
): Promise<void> {
  const { context } = state;
  const before = state.held;
  // Before anything else: whoever revokes the user from here on means this session too.
  const epoch = await epochOf(context, times.userId);
  const seen = encodedData(state);
  if (state.looked) await context.shape.check(state.data);
  const content = await luggage(state, seen, times, fresh);
  let identity = await newIdentity();
  if (context.bearer.carries !== "nothing")
    checkSize(state, await context.bearer.issue({ identity, content, record: times }));
  const inPlace = times.userId !== undefined && before?.times.userId === times.userId;
  let held = await admit(state, identity, { times, content }, epoch, inPlace);
  const retired = before && (await retire(state, before, identity, held, why));
  if (retired) held = retired;
  else if (inPlace && context.limit !== undefined) {
    // The place that it took was empty already, so it is one more.
    const uncounted = identity.key;
    await context.ask("delete", () => context.store.delete(uncounted));
    identity = await newIdentity();
    held = await admit(state, identity, { times, content }, epoch, false);
  }
  const previous = state.identity;
  state.identity = identity;
  state.phase = "live";
  state.answer = "value";
  state.verdict = "current";
  state.presented = 0;
  state.listener?.follow(identity.key);
  if (previous && before) context.endings.fire(previous.key);
  if (sameEncoded(held.content.encoded, seen)) {
    state.held = held;
    state.base = seen;
  } else adoptUnder(state, held, decodeData(context.codec, held.content.encoded) ?? {}, seen);
  context.emit(
    previous && before
      ? { type: "rotated", id: identity.key, userId: times.userId, previousId: previous.key, why }
      : { type: "created", id: identity.key, userId: times.userId },
  );
}

/**
 * What goes along to the new id: everything, unless it is another user's. Of that only what this request has put in itself,
 * on top of a new session's data, or the second user would have the first one's role, cart and messages.
 */
async function luggage(state: State, seen: Encoded, times: Times, fresh: Meta): Promise<Content> {
  const { shape, codec } = state.context;
  const before = state.held?.content.meta;
  if (!isAnothers(state.held, times))
    return { meta: { ...fresh, flash: before?.flash, version: shape.label(before?.version) }, encoded: seen };
  const meta: Meta = { ...fresh, version: shape.label(undefined) };
  const data = await mergeOnto(state.context, { meta, encoded: shape.initial().base }, state.base, seen);
  await shape.check(data);
  return { meta, encoded: codec.encode(data) };
}

function isAnothers(held: Held | undefined, { userId }: Times): boolean {
  return held?.times.userId !== undefined && held.times.userId !== userId;
}

/**
 * Buries the predecessor. When it has ended meanwhile, its successor must not live either, unless the user has just logged in;
 * then there was nothing to bury, and the answer is undefined.
 */
async function retire(
  state: State,
  before: Held,
  identity: Identity,
  held: Held,
  why: string,
): Promise<Held | undefined> {
  const { context } = state;
  try {
    const grave = await bury(context, keyOf(state), before, { reason: "replaced", successor: identity.key });
    if (grave.status === "gone") {
      if (why !== "login") throw ended();
      return undefined;
    }
    if (grave.last !== before && !isAnothers(before, held.times))
      return await carryOver(state, identity, held, grave.last.content);
    return held;
  } catch (error) {
    await context.ask("delete", () => context.store.delete(identity.key)).catch(() => undefined);
    throw error;
  }
}

function ended(): SessionError {
  return new SessionError("SOJOURN_REVOKED", "The session was ended while this request ran; it cannot be carried on.");
}

/** Another request changed the old session between our load and its burial: this request's changes go on top of that. */
async function carryOver(state: State, identity: Identity, held: Held, last: Content): Promise<Held> {
  const { context } = state;
  const { flash } = last.meta;
  const ours = held.content.encoded;
  const encoded =
    context.bearer.carries === "nothing"
      ? context.codec.encode(await mergeOnto(context, last, state.base, ours))
      : ours;
  const result = await compareAndSet(context, identity.key, held, (current) => ({
    ...current,
    content: { meta: { ...current.content.meta, flash }, encoded },
  }));
  if (result.status === "gone") throw ended();
  return result.held;
}

async function epochOf({ ask, store }: Context, userId: string | undefined): Promise<Epoch | undefined> {
  return userId !== undefined && isUserStore(store) ? ask("epoch", () => store.epoch(userId)) : undefined;
}

/**
 * Inserts the successor: for a user exactly once against revocations and, unless it is in place of a session of the same
 * user, against the limit, where the store can.
 */
async function admit(
  state: State,
  identity: Identity,
  next: Next,
  epoch: Epoch | undefined,
  inPlace: boolean,
): Promise<Held> {
  const { context } = state;
  const { store } = context;
  const { userId } = next.times;
  const record = { ...next.times, payload: await writePayload(context, identity.key, next.content) };
  if (userId === undefined || epoch === undefined || !isUserStore(store)) {
    const version = await context.ask("create", () => store.create(identity.key, record));
    return version === null ? sentBefore(state, identity, next) : { ...next, version };
  }
  const admission: Admission = inPlace ? { epoch } : { epoch, limit: context.limit, onLimit: context.onLimit };
  const result = await context.ask("admit", () => store.admit(identity.key, { ...record, userId }, admission));
  if (result.status === "limit") {
    throw new SessionError(
      "SOJOURN_SESSION_LIMIT",
      `The user has ${context.limit} sessions already, the most that \`maxSessionsPerUser\` allows.`,
    );
  }
  if (result.status === "exists") return sentBefore(state, identity, next);
  if (result.status !== "ok") throw revokedMeanwhile();
  for (const key of result.evicted) {
    context.endings.fire(key);
    context.emit({ type: "destroyed", id: key, userId, reason: "limit" });
  }
  return { ...next, version: result.version };
}

/** Nobody else has this id: what is there is our own, by a client that sent the call once more because the first answer was lost. */
async function sentBefore({ context }: State, { key }: Identity, next: Next): Promise<Held> {
  const there = await look(context, key);
  if (!there || there.content.meta.tombstone) throw revokedMeanwhile();
  return { ...next, version: there.version };
}

function revokedMeanwhile(): SessionError {
  return new SessionError("SOJOURN_REVOKED", "The user was revoked while this login was in progress; log in again.");
}
