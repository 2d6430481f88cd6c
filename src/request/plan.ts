/**
 * What a response has to do, decided from what the request did: one store operation and one operation
 * of the transport, or none. Pure.
 */
import { mayRotate } from "../record/generation.ts";
import { limitsOf, touchDue } from "../record/lifetime.ts";
import type { Encoded } from "../record/payload.ts";
import type { Internals } from "../session/internals.ts";

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
export function planCommit(session: Internals, now: number, failed = false): Plan {
  if (session.phase === "ended") return NOTHING;
  const { held, data, flash, proof, context } = session;
  const changed = data.changed();
  const dirty = changed !== undefined || flash.changed;
  if (!held)
    return dirty || session.keep ? { ...NOTHING, store: "create", changed: changed ?? data.encoded() } : NOTHING;

  const rotate = !failed && rotationDue(session, now);
  const record = newsOf(session);
  const reissue = !failed && reissueDue(session, now);
  if (dirty || rotate || record !== "nothing") return { store: "update", changed, rotate, record, reissue };
  const limits = limitsOf(context.lifetime, held.times.userId, held.content.meta.idle);
  const touch = proof.mayTouch && touchDue(held.times.seenAt, limits, now);
  return touch || reissue ? { ...NOTHING, store: touch ? "touch" : "none", reissue } : NOTHING;
}

/** Whether the client holds a value of this session, and can be handed another. */
function canBeHanded({ proven, proof, response }: Internals): boolean {
  if (!proven || proof.readOnly || response.action !== "nothing") return false;
  return proof.transport?.handsOut !== false;
}

/**
 * The client presented a predecessor, and nobody has shown the successor yet. A token can be handed over at once. A
 * cookie with data in it would undo what the successor's cookie brings, so that is given the time to arrive.
 */
function reissueDue(session: Internals, now: number): boolean {
  const { held, proof, context } = session;
  if (!held || !session.proven || proof.readOnly || proof.verdict !== "predecessor") return false;
  const { meta } = held.content;
  if (meta.successorSeenAt !== undefined) return false;
  return context.carries === "nothing" || now - meta.rotatedAt >= context.rotationGrace;
}

/**
 * By age, or because another key is active now. Only for a client that holds the current generation
 * and can be handed the next: a URL cannot, and neither can a session reached by its id.
 */
function rotationDue(session: Internals, now: number): boolean {
  const { held, proof, context } = session;
  if (!held || context.rotateEvery === Number.POSITIVE_INFINITY) return false;
  const age = now - held.content.meta.rotatedAt;
  const due = proof.outdated ? Math.min(NEW_KEY_AFTER_MS, context.rotateEvery) : context.rotateEvery;
  if (age < due || proof.verdict !== "current" || !canBeHanded(session)) return false;
  return mayRotate(held.content.meta, context.rotationGrace, now);
}

function newsOf({ held, proof, proven, context, response }: Internals): Plan["record"] {
  if (!held || !proven || context.carries === "everything") return "nothing";
  // Where nothing is handed out, what comes does not show what another answer has handed out.
  if (proof.transport?.handsOut === false) return "nothing";
  const { meta } = held.content;
  if (proof.verdict === "ahead") return "generation";
  const current = proof.verdict === "current" && meta.generation === proof.generation;
  const firstSight = current && meta.generation > 0 && meta.successorSeenAt === undefined;
  return firstSight && response.action !== "value" ? "successor-seen" : "nothing";
}
