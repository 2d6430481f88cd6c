/**
 * A session takes the place of the one that its client had: under a new id, with no grace for the old one. At no
 * instant are there two sessions that count, and none at no instant: in one step where the store has one, else
 * successor first.
 */
import { isPromise } from "../awaitable.ts";
import { SessionError } from "../errors.ts";
import type { Replaced } from "../record/admitted.ts";
import { MOST_ATTEMPTS, tooManyConflicts } from "../record/compare-and-set.ts";
import type { Held, HeldAt, Next, Times } from "../record/held.ts";
import { mergeOnto } from "../record/merge.ts";
import type { Meta } from "../record/meta.ts";
import { type Content, decodeData, type Encoded, sameEncoded } from "../record/payload.ts";
import { assertFits } from "../record/size.ts";
import { end, graveOf, lastOf } from "../record/tombstone.ts";
import type { SessionKey } from "../record.ts";
import type { Admission } from "../stores/store.ts";
import { newIdentity } from "../token/identity.ts";
import { successorFor } from "./follow.ts";
import { goneTo } from "./guards.ts";
import type { Internals } from "./internals.ts";
import { issueValue } from "./issue.ts";
import { swapInSteps } from "./swap-in-steps.ts";

/** The times and the meta of the session that comes, given the one that goes. */
export type Make = (before: Held | undefined) => { readonly times: Times; readonly meta: Meta };

type Verb = "login" | "rotate" | "reauthenticate";

/** @param since When the login's request arrived; a user who was revoked later is not let in. */
export async function takePlace(session: Internals, make: Make, why: Verb, since: number): Promise<void> {
  // The request's own signal does not tell of the end of the id that the request itself replaces.
  session.listener?.suspend();
  const over = session.held && session.context.endings.announce(session.key, "replaced");
  try {
    await replaceSession(session, make, why, since);
  } catch (error) {
    if (session.held) session.listener?.follow(session.key);
    throw error;
  } finally {
    over?.();
  }
}

async function replaceSession(session: Internals, make: Make, why: Verb, since: number): Promise<void> {
  const { context, data } = session;
  const { base } = data;
  const seen = data.encoded();
  const checked = data.exposed ? context.shape.check(data.value()) : undefined;
  if (isPromise(checked)) await checked;
  let place = await placeOf(session, why);
  for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
    const { times, meta } = make(place?.held);
    const content = await contentOf(session, place?.held, { base, seen }, times, meta);
    // What was stored under a larger bound goes along.
    if (!place || !sameEncoded(place.held.content.encoded, content.encoded))
      assertFits(content.encoded, context.mostDataBytes);
    const identity = await newIdentity();
    if (context.carries !== "nothing") await issueValue(session, identity, { times, content });
    const swapped = await swap(session, identity.key, { times, content }, place, since);
    if (swapped.status === "ok") {
      const taken = place;
      for (const key of swapped.evicted) {
        context.endings.fire(key, "limit");
        context.emit({ type: "destroyed", id: key, userId: times.userId, reason: "limit" });
      }
      session.moveTo(identity, swapped.held);
      settleData(session, swapped.held, base, seen);
      if (taken) context.endings.fire(taken.key, "replaced");
      context.emit(
        taken
          ? { type: "rotated", id: identity.key, userId: times.userId, previousId: taken.key, why }
          : { type: "created", id: identity.key, userId: times.userId },
      );
      await endRivals(session);
      return;
    }
    if (swapped.status === "limit") throw tooManySessions(context.limit);
    if (swapped.status === "revoked") throw revokedMeanwhile();
    place = await nextPlace(session, place, swapped, why);
  }
  throw tooManyConflicts();
}

/**
 * A login whose id was replaced a moment ago takes the place of what replaced it: of the same login (a double click, a
 * lost answer), or of another one's in the same browser, of which two would be left.
 */
async function placeOf(session: Internals, why: string): Promise<HeldAt | undefined> {
  const { held, proof, context } = session;
  if (held) return { key: session.key, held };
  if (why !== "login" || proof.key === undefined || proof.anonymousBecause !== "replaced") return undefined;
  return lastOf(context.records, await context.records.find(proof.key));
}

/** Where the verb goes on when the session that it was to replace is another one by now. */
async function nextPlace(
  session: Internals,
  place: HeldAt | undefined,
  swapped: Extract<Replaced, { status: "conflict" | "gone" }>,
  why: string,
): Promise<HeldAt | undefined> {
  const current = swapped.status === "conflict" ? swapped.current : undefined;
  if (place && current && !current.content.meta.tombstone) return { key: place.key, held: current };
  // A login ends whatever became of the session that its browser had, or two would be left.
  if (why === "login") return lastOf(session.context.records, current);
  const found = await successorFor(session, current);
  if (!found) throw goneTo(current);
  return found;
}

async function swap(
  session: Internals,
  key: SessionKey,
  next: Next,
  place: HeldAt | undefined,
  since: number | undefined,
): Promise<Replaced> {
  const { records, graveyard } = session.context;
  const { userId } = next.times;
  const inPlace = userId !== undefined && place?.held.times.userId === userId;
  if (!place) return insert(session, key, next, await admissionOf(session, userId, since));
  const grave = graveOf(graveyard, place.held, tombstoneFor(place.held, key, userId));
  if (!records.replaces) {
    const admission = await admissionOf(session, userId, inPlace ? undefined : since, inPlace);
    const steps = { key, next, grave, insert: () => insert(session, key, next, admission) };
    return swapInSteps(session, place, inPlace, steps);
  }
  // Whoever holds a live session of the user has been admitted, and takes no more room than before.
  const admission = inPlace ? undefined : await admissionOf(session, userId, since);
  return records.replace({ key, next, oldKey: place.key, old: place.held, grave, admission });
}

function tombstoneFor(old: Held, successor: SessionKey, userId: string | undefined): NonNullable<Meta["tombstone"]> {
  const otherUser = old.times.userId !== undefined && old.times.userId !== userId;
  return { reason: "replaced", successor, otherUser };
}

/** Before the insert: whoever revokes the user from here on means this session too. */
async function admissionOf(
  { context }: Internals,
  userId: string | undefined,
  since: number | undefined,
  inPlace = false,
): Promise<Admission | undefined> {
  const epoch = userId === undefined ? undefined : await context.records.epoch(userId);
  if (epoch === undefined) return undefined;
  return inPlace ? { epoch } : { epoch, since, limit: context.limit, onLimit: context.onLimit };
}

async function insert(
  { context }: Internals,
  key: SessionKey,
  next: Next,
  admission: Admission | undefined,
): Promise<Replaced> {
  const { userId } = next.times;
  if (userId !== undefined && admission) return context.records.admit(key, next, userId, admission);
  const held = await context.records.insert(key, next);
  return held ? { status: "ok", held, evicted: [] } : { status: "revoked" };
}

/**
 * What goes along to the new id: everything, unless it is another user's. Of that nothing goes, but for keys that this
 * request has assigned and the other user's data did not have; what `update` wrote was written for that user.
 */
async function contentOf(
  { context, data: ours, userId }: Internals,
  before: Held | undefined,
  { base, seen }: { readonly base: Encoded; readonly seen: Encoded },
  times: Times,
  meta: Meta,
): Promise<Content> {
  const { shape, codec, carries } = context;
  const old = before?.content;
  // Also what is over by now had a user, whose data this request has seen.
  const owners = [userId, before?.times.userId].filter((owner) => owner !== undefined);
  if (owners.some((owner) => owner !== times.userId)) {
    const fresh = { ...meta, flash: undefined, version: shape.label(undefined) };
    const data = decodeData(codec, shape.initial().base) ?? {};
    for (const [key, value] of ours.brought(base, seen))
      Object.defineProperty(data, key, { value, writable: true, enumerable: true, configurable: true });
    await shape.check(data);
    return { meta: fresh, encoded: codec.encode(data) };
  }
  if (!old) return { meta: { ...meta, version: shape.label(undefined) }, encoded: seen };
  const own = { ...meta, sparedUntil: undefined, flash: old.meta.flash, version: shape.label(old.meta.version) };
  // What another request saved meanwhile is carried over too; with data in the cookie there is only ours.
  if (carries !== "nothing" || sameEncoded(old.encoded, base)) return { meta: own, encoded: seen };
  return { meta: own, encoded: codec.encode(await mergeOnto(codec, shape, old, base, seen)) };
}

/** The application goes on with what is stored now; what it changed while the verb ran stays on top. */
function settleData({ context, data }: Internals, held: Held, base: Encoded, seen: Encoded): void {
  const { encoded } = held.content;
  if (sameEncoded(encoded, seen)) data.adopt(encoded);
  else data.adoptUnder(encoded, decodeData(context.codec, encoded) ?? {}, sameEncoded(base, seen) ? base : seen);
}

/** Two live sessions came with the request, under one cookie's name: after a login there is one. */
async function endRivals({ context, proof }: Internals): Promise<void> {
  for (const key of proof.rivals) await end(context.graveyard, key, "replaced");
}

function tooManySessions(limit: number | undefined): SessionError {
  return new SessionError(
    "SOJOURN_SESSION_LIMIT",
    `The user has ${limit} sessions already, the most that \`maxSessionsPerUser\` allows.`,
  );
}

function revokedMeanwhile(): SessionError {
  return new SessionError(
    "SOJOURN_REVOKED",
    "The user was revoked after this login's request had arrived; log in again. When this request revoked them " +
      "itself, pass its session to `revokeUser` as `by`.",
  );
}
