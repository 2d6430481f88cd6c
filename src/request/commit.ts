/**
 * The last stages of a request: plan, execute, write. Everything that the store must know is there
 * before the headers are given to the caller.
 */

import { chain, isPromise } from "../crypto/awaitable.ts";
import type { Awaitable } from "../crypto/platform.ts";
import { freeze } from "../record/freeze.ts";
import type { Held, Times } from "../record/held.ts";
import { expiryOf } from "../record/lifetime.ts";
import { mergeOnto } from "../record/merge.ts";
import type { Flash, Meta } from "../record/meta.ts";
import { decodeData, type Encoded } from "../record/payload.ts";
import { compareAndSet, look, type Next, writePayload } from "../record/records.ts";
import { without } from "../session/flashes.ts";
import { assertReachable, checkSize, readOnly } from "../session/guards.ts";
import { adopt, keyOf, type State } from "../session/state.ts";
import { newIdentity } from "../token/identity.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { type Plan, planCommit } from "./plan.ts";
import { answerHeaders } from "./response-headers.ts";

/** From this status on, the application says that the request failed. */
const FAILED = 500;

const NONE: readonly HeaderOp[] = Object.freeze([]);

/**
 * Saves what the request changed and answers with the headers for the response. Without a promise
 * when there is nothing to do, so that an adapter need not hold back the response. A second call
 * gives the same headers.
 */
export function commit(state: State, status = 200): readonly HeaderOp[] | Promise<readonly HeaderOp[]> {
  if (state.committed) return state.cookieless && state.verb ? state.verb.then(() => NONE) : state.committed;
  const awaited = state.verb ?? state.updates;
  if (awaited) return awaited.then(() => commit(state, status));
  const failed = status >= FAILED;
  if (failed) Object.assign(state, { looked: false, keep: false, flashAdded: [], flashTaken: false });
  const plan = planCommit(state, state.context.clock(), failed || state.cookieless);
  if (plan.store !== "none") assertWritable(state, plan);
  if (plan.store === "none" && !plan.reissue && state.answer === "nothing")
    return finish(state, answerHeaders(state, undefined));
  // From here on, a change would come too late for what is being written.
  if (state.looked) freeze(state.data);
  const sealed = plan.store === "update" && state.context.bearer.carries === "everything";
  try {
    const headers = sealed ? reseal(state, plan) : execute(state, plan);
    if (!isPromise(headers)) return headers;
    state.committed = headers.catch((error: unknown) => fail(state, error));
    return state.committed;
  } catch (error) {
    return fail(state, error);
  }
}

/** Whoever knows what to do about it (keep less, wait for the store) can change the data again, and commit again. */
function fail(state: State, error: unknown): never {
  state.committed = undefined;
  const { codec } = state.context;
  if (state.looked) state.data = decodeData(codec, codec.encode(state.data)) ?? state.data;
  throw error;
}

/** A change to what is all in the cookie. Over node:crypto nothing is waited for, so that the response need not be held back. */
function reseal(state: State, plan: Plan): Awaitable<readonly HeaderOp[]> {
  const start = state.held as Held;
  const checked = plan.changed === undefined ? undefined : state.context.shape.check(state.data);
  return chain(checked, () =>
    chain(nextRecord(state, plan, start), (next) =>
      chain(issue(state, next), (value) => {
        report(state, plan, 1, plan.rotate && next.content.meta.generation > start.content.meta.generation);
        saved(state, { ...next, version: 0 });
        return finish(state, answerHeaders(state, value));
      }),
    ),
  );
}

function assertWritable(state: State, plan: Plan): void {
  if (state.phase === "readonly") throw readOnly();
  if (plan.changed !== undefined) assertReachable(state);
}

async function execute(state: State, plan: Plan): Promise<readonly HeaderOp[]> {
  const checked = plan.changed === undefined ? undefined : state.context.shape.check(state.data);
  if (checked) await checked;
  let made: string | undefined;
  if (plan.store === "create") made = await create(state, plan);
  else if (plan.store === "update") made = await update(state, plan);
  else if (plan.store === "touch") await touch(state);
  if (plan.reissue && plan.store !== "update" && (await stillPredecessor(state))) state.answer = "value";
  const value = state.answer === "value" && state.held ? (made ?? (await issue(state, state.held))) : undefined;
  return finish(state, answerHeaders(state, value));
}

function finish(state: State, headers: readonly HeaderOp[]): readonly HeaderOp[] {
  state.committed = headers;
  if (state.looked) freeze(state.data);
  return headers;
}

function issue(state: State, { content, times }: Next): Awaitable<string> {
  const { bearer } = state.context;
  return chain(bearer.issue({ identity: state.identity as never, content, record: times }), (value) => {
    checkSize(state, value);
    return value;
  });
}

/** The first write of a session: a record under an id that nobody knew before. Answers with its value, where that is made already. */
async function create(state: State, plan: Plan): Promise<string | undefined> {
  const { context } = state;
  const now = context.clock();
  state.identity ??= await newIdentity();
  const meta: Meta = {
    endsAt: state.openedAt + context.lifetime.lifetime,
    rotatedAt: state.openedAt,
    generation: 0,
    flash: state.flashAdded,
    version: context.shape.label(undefined),
  };
  const times: Times = {
    createdAt: state.openedAt,
    seenAt: now,
    expiresAt: expiryOf(now, meta.endsAt, context.lifetime),
  };
  const next: Next = { times, content: { meta, encoded: plan.changed as Encoded } };
  const value = context.bearer.carries === "nothing" ? undefined : await issue(state, next);
  const payload = await writePayload(context, keyOf(state), next.content);
  const version = await context.ask("create", () => context.store.create(keyOf(state), { ...times, payload }));
  const held = version === null ? await overwrite(state, next) : { ...next, version };
  if (!held) {
    state.phase = "ended";
    return undefined;
  }
  saved(state, held);
  state.answer = "value";
  state.listener?.follow(keyOf(state));
  context.emit({ type: "created", id: keyOf(state), userId: undefined });
  return value;
}

/** Nobody else has this id: what is there is our own, from a commit whose answer was lost. */
async function overwrite(state: State, next: Next): Promise<Held | undefined> {
  const { context } = state;
  const there = await look(context, keyOf(state));
  return there && (await compareAndSet(context, keyOf(state), there, () => next)).held;
}

/** Answers with the new value where that is made already: before the write, to know that it is not too large. */
async function update(state: State, plan: Plan): Promise<string | undefined> {
  const { context } = state;
  const start = state.held as Held;
  const travels = context.bearer.carries === "data" && plan.changed !== undefined;
  const value = travels ? await issue(state, await nextRecord(state, plan, start)) : undefined;
  let rotated = false;
  const result = await compareAndSet(context, keyOf(state), start, (current) =>
    chain(nextRecord(state, plan, current), (next) => {
      rotated = next.content.meta.generation === current.content.meta.generation + 1 && plan.rotate;
      return next;
    }),
  );
  if (result.status === "gone") {
    state.phase = "ended";
    state.answer = "nothing";
    return undefined;
  }
  const superseded =
    result.held.content.meta.generation !== start.content.meta.generation && !rotated && plan.record !== "generation";
  if (!superseded) decideAnswer(state, plan, result.held, rotated);
  report(state, plan, result.attempts, rotated);
  saved(state, result.held);
  return result.attempts === 1 ? value : undefined;
}

/** Only what changes the client's copy is sent; and nothing, when another response has sent a newer one. */
function decideAnswer(state: State, plan: Plan, held: Held, rotated: boolean): void {
  const { carries } = state.context.bearer;
  const copyChanged = carries === "data" && plan.changed !== undefined;
  const handOver = plan.reissue && held.content.meta.successorSeenAt === undefined;
  if (rotated || copyChanged || handOver) state.answer = "value";
}

function report(state: State, plan: Plan, attempts: number, rotated: boolean): void {
  const { emit, bearer } = state.context;
  const id = keyOf(state);
  if (attempts > 1) {
    const lost = plan.changed !== undefined && bearer.carries === "data";
    emit({ type: "conflict", id, attempts, outcome: lost ? "lost" : "merged" });
  }
  if (rotated) emit({ type: "rotated", id, userId: state.held?.times.userId, previousId: id, why: "periodic" });
}

/** The record that this request wants, given what is there now: its own changes on top of anybody's. */
function nextRecord(state: State, plan: Plan, current: Held): Awaitable<Next> {
  const { context } = state;
  const now = context.clock();
  return chain(nextData(state, plan, current), ({ encoded, version }) => {
    const meta = { ...nextMeta(state, plan, current, now), version };
    const seenAt = state.mayTouch ? Math.max(now, current.times.seenAt) : current.times.seenAt;
    const expiresAt = Math.max(current.times.expiresAt, expiryOf(seenAt, meta.endsAt, context.lifetime));
    return { times: { ...current.times, seenAt, expiresAt }, content: { meta, encoded } };
  });
}

/** The data, and the version of its shape, which is not ours as long as somebody else's data is passed on. */
function nextData(
  state: State,
  plan: Plan,
  current: Held,
): Awaitable<{ readonly encoded: Encoded; readonly version: number | undefined }> {
  const { codec, bearer, shape } = state.context;
  const version = shape.label(current.content.meta.version);
  if (current === state.held || bearer.carries !== "nothing") return { encoded: plan.changed ?? state.base, version };
  if (plan.changed === undefined) return { encoded: current.content.encoded, version: current.content.meta.version };
  return mergeOnto(state.context, current.content, state.base, plan.changed).then((merged) => ({
    encoded: codec.encode(merged),
    version,
  }));
}

function nextMeta(state: State, plan: Plan, held: Held, now: number): Meta {
  const current = held.content.meta;
  const meta: Meta = { ...current, flash: nextFlash(state, current.flash ?? []) };
  // Who was overtaken may hold older data than the winner handed out, and must not rotate it into the newest cookie.
  const overtaken = state.context.bearer.carries === "data" && held !== state.held;
  if (plan.rotate && current.generation === state.presented && !overtaken) {
    return { ...meta, generation: current.generation + 1, rotatedAt: now, successorSeenAt: undefined };
  }
  if (plan.record === "generation" && current.generation < state.presented) {
    return { ...meta, generation: state.presented, rotatedAt: now, successorSeenAt: now };
  }
  if (plan.record === "successor-seen" && current.generation === state.presented) {
    return { ...meta, successorSeenAt: current.successorSeenAt ?? now };
  }
  return meta;
}

/** Without the messages that this request took, and with those that it added. */
function nextFlash(state: State, current: readonly Flash[]): readonly Flash[] {
  if (!state.flashTaken) return [...current, ...state.flashAdded];
  return [...without(state.flashShown, current), ...state.flashAdded];
}

function saved(state: State, held: Held): void {
  const unseen = !state.looked && held.content.encoded !== state.base;
  const data = unseen ? decodeData(state.context.codec, held.content.encoded) : null;
  if (data) adopt(state, held, data);
  else {
    state.held = held;
    state.base = held.content.encoded;
  }
  state.flashAdded = [];
}

async function touch(state: State): Promise<void> {
  const { context } = state;
  const held = state.held as Held;
  const seenAt = context.clock();
  const expiresAt = expiryOf(seenAt, held.content.meta.endsAt, context.lifetime);
  const live = await context.ask("touch", () => context.store.touch(keyOf(state), seenAt, expiresAt));
  if (!live) {
    state.phase = "ended";
    return;
  }
  state.held = { ...held, times: { ...held.times, seenAt, expiresAt } };
  if (context.bearer.carries === "everything") state.answer = "value";
}

/**
 * The client presented a predecessor, and is to be handed the current value. While the application
 * ran, the client may have got it, or a newer one, from another response: look once more.
 */
async function stillPredecessor(state: State): Promise<boolean> {
  if (state.phase === "ended") return false;
  const meta = (await look(state.context, keyOf(state)))?.content.meta;
  return (
    meta !== undefined &&
    !meta.tombstone &&
    meta.generation === state.presented + 1 &&
    meta.successorSeenAt === undefined
  );
}
