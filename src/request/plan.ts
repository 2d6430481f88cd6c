/**
 * What a response has to do, decided from what the request did: one store operation and one operation
 * of the transport, or none. Pure.
 */

import { mayRotate } from "../record/generation.ts";
import { touchDue } from "../record/lifetime.ts";
import { type Encoded, sameEncoded } from "../record/payload.ts";
import type { State } from "../session/state.ts";

export interface Plan {
  readonly store: "none" | "create" | "update" | "touch";
  /** The data as it is now, when the application changed it. */
  readonly changed: Encoded | undefined;
  /** Begin a new generation of the token. */
  readonly rotate: boolean;
  /** Write down what the client showed: that the successor arrived, or a generation that the store lost. */
  readonly record: "nothing" | "successor-seen" | "generation";
  /** Hand the current value to a client that presented its predecessor. */
  readonly reissue: boolean;
}

/**
 * While a new key is rolled out, processes disagree which one is active, and each would move the token to its own with
 * every request: parallel requests would fall behind by more than one generation, and look like replays.
 */
const NEW_KEY_AFTER_MS = 60_000;

const NOTHING: Plan = { store: "none", changed: undefined, rotate: false, record: "nothing", reissue: false };

/** @param failed The request has failed: its response hands out nothing that could as well come with the next one. */
export function planCommit(state: State, now: number, failed = false): Plan {
  if (state.phase === "ended" || state.phase === "muted") return NOTHING;
  const encoded = state.looked ? state.context.codec.encode(state.data) : state.base;
  const changed = sameEncoded(encoded, state.base) ? undefined : encoded;
  const dirty = changed !== undefined || state.flashAdded.length > 0 || flashWasTaken(state);
  const { held } = state;
  if (!held) return dirty || state.keep ? { ...NOTHING, store: "create", changed: encoded } : NOTHING;

  const rotate = !failed && rotationDue(state, now);
  const record = newsOf(state);
  const reissue = !failed && reissueDue(state, now);
  if (dirty || rotate || record !== "nothing") return { store: "update", changed, rotate, record, reissue };
  const touch = state.mayTouch && touchDue(held.times.seenAt, state.context.lifetime, now);
  return touch || reissue ? { ...NOTHING, store: touch ? "touch" : "none", reissue } : NOTHING;
}

function flashWasTaken(state: State): boolean {
  return state.flashTaken && state.flashShown.length > 0;
}

/**
 * The client presented a predecessor, and nobody has shown the successor yet. A token can be handed over at once. A
 * cookie with data in it would undo what the successor's cookie brings, so that is given the time to arrive.
 */
function reissueDue(state: State, now: number): boolean {
  const { held, verdict, context } = state;
  if (!held || verdict !== "predecessor" || held.content.meta.successorSeenAt !== undefined) return false;
  return context.bearer.carries === "nothing" || now - held.content.meta.rotatedAt >= context.rotationGrace;
}

/**
 * By age, or because another key is active now. Only for a client that holds the current generation
 * and can be handed the next: a URL cannot, and neither can a session reached by its id.
 */
function rotationDue(state: State, now: number): boolean {
  const { held, context, provenBy, verdict } = state;
  if (!held || !provenBy || provenBy.handsOut === false || verdict !== "current" || state.answer === "value")
    return false;
  const { meta } = held.content;
  if (context.mode !== "stateless" && !mayRotate(meta, context.rotationGrace, now)) return false;
  const age = now - meta.rotatedAt;
  return age >= (state.outdatedKey ? Math.min(NEW_KEY_AFTER_MS, context.rotateEvery) : context.rotateEvery);
}

function newsOf(state: State): Plan["record"] {
  const meta = state.held?.content.meta;
  if (!meta || !state.provenBy || state.context.mode === "stateless") return "nothing";
  if (state.verdict === "ahead") return "generation";
  const current = state.verdict === "current" && meta.generation === state.presented;
  const firstSight = current && meta.generation > 0 && meta.successorSeenAt === undefined;
  return firstSight && state.answer !== "value" ? "successor-seen" : "nothing";
}
