/**
 * The last stages of a request: plan, execute, write. Everything that the store must know is there
 * before the headers are given to the caller.
 */
import { newIdentity } from "../bearer/identity.ts";
import { expiryOf } from "../lifetime.ts";
import type { Flash, Meta } from "../meta.ts";
import { decodeData, type Encoded } from "../payload.ts";
import { readOnly } from "../phase.ts";
import { adopt, type Held, keyOf, type State, type Times } from "../state.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { answerHeaders, checkSize } from "./answer.ts";
import { applyChanges, changesBetween } from "./changes.ts";
import { compareAndSet, type Next, readHeld, writePayload } from "./compare-and-set.ts";
import { freeze } from "./freeze.ts";
import { type Plan, planCommit } from "./plan.ts";

/**
 * Saves what the request changed and answers with the headers for the response. Without a promise
 * when there is nothing to do, so that an adapter need not hold back the response. A second call
 * gives the same headers.
 */
export function commit(state: State): readonly HeaderOp[] | Promise<readonly HeaderOp[]> {
  if (state.committed) return state.committed;
  const plan = planCommit(state, state.context.clock());
  if (plan.store !== "none" && state.phase === "readonly") throw readOnly();
  if (plan.store === "none" && !plan.reissue && state.answer === "nothing")
    return finish(state, answerHeaders(state, undefined));
  return execute(state, plan);
}

async function execute(state: State, plan: Plan): Promise<readonly HeaderOp[]> {
  if (plan.changed !== undefined) await state.context.shape.check(state.data);
  if (plan.store === "create") await create(state, plan);
  else if (plan.store === "update") await update(state, plan);
  else if (plan.store === "touch") await touch(state);
  if (plan.reissue && plan.store !== "update" && (await stillPredecessor(state))) state.answer = "value";
  const value = state.answer === "value" && state.held ? await issue(state, state.held) : undefined;
  return finish(state, answerHeaders(state, value));
}

function finish(state: State, headers: readonly HeaderOp[]): readonly HeaderOp[] {
  state.committed = headers;
  if (state.looked) freeze(state.data);
  return headers;
}

async function issue(state: State, held: Next): Promise<string> {
  const value = await state.context.bearer.issue({
    identity: state.identity as never,
    content: held.content,
    record: held.times,
  });
  checkSize(state, value);
  return value;
}

/** The first write of a session: a record under an id that nobody knew before. */
async function create(state: State, plan: Plan): Promise<void> {
  const { context } = state;
  const now = context.clock();
  state.identity ??= await newIdentity();
  const meta: Meta = {
    endsAt: state.openedAt + context.lifetime.lifetime,
    rotatedAt: state.openedAt,
    generation: 0,
    flash: state.flashAdded,
    version: context.shape.version || undefined,
  };
  const times: Times = {
    createdAt: state.openedAt,
    seenAt: now,
    expiresAt: expiryOf(now, meta.endsAt, context.lifetime),
  };
  const next: Next = { times, content: { meta, encoded: plan.changed as Encoded } };
  if (context.bearer.carries !== "nothing") await issue(state, next);
  const payload = await writePayload(context, keyOf(state), next.content);
  const version = await context.ask("create", () => context.store.create(keyOf(state), { ...times, payload }));
  if (version === null)
    throw new Error("a new session id of 144 random bits was taken: the random generator is broken");
  saved(state, { ...next, version });
  state.answer = "value";
  context.emit({ type: "created", id: keyOf(state), userId: undefined });
}

async function update(state: State, plan: Plan): Promise<void> {
  const { context } = state;
  const start = state.held as Held;
  if (context.bearer.carries === "data" && plan.changed !== undefined)
    await issue(state, nextRecord(state, plan, start));
  let rotated = false;
  const result = await compareAndSet(context, keyOf(state), start, (current) => {
    const next = nextRecord(state, plan, current);
    rotated = next.content.meta.generation === current.content.meta.generation + 1 && plan.rotate;
    return next;
  });
  if (result.status === "gone") {
    state.phase = "ended";
    state.answer = "nothing";
    return;
  }
  const superseded =
    result.held.content.meta.generation !== start.content.meta.generation && !rotated && plan.record !== "generation";
  if (!superseded) decideAnswer(state, plan, result.held, rotated);
  report(state, plan, result.attempts, rotated);
  saved(state, result.held);
}

/** Only what changes the client's copy is sent; and nothing, when another response has sent a newer one. */
function decideAnswer(state: State, plan: Plan, held: Held, rotated: boolean): void {
  const { carries } = state.context.bearer;
  const copyChanged = carries === "everything" || (carries === "data" && plan.changed !== undefined);
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
  if (rotated) emit({ type: "rotated", id, previousId: id, why: "periodic" });
}

/** The record that this request wants, given what is there now: its own changes on top of anybody's. */
function nextRecord(state: State, plan: Plan, current: Held): Next {
  const { context } = state;
  const now = context.clock();
  const meta = nextMeta(state, plan, current.content.meta, now);
  const seenAt = state.mayTouch ? Math.max(now, current.times.seenAt) : current.times.seenAt;
  const expiresAt = Math.max(current.times.expiresAt, expiryOf(seenAt, meta.endsAt, context.lifetime));
  return { times: { ...current.times, seenAt, expiresAt }, content: { meta, encoded: nextData(state, plan, current) } };
}

function nextData(state: State, plan: Plan, current: Held): Encoded {
  const { codec, bearer } = state.context;
  const ours = plan.changed ?? state.base;
  if (current === state.held || bearer.carries !== "nothing") return ours;
  if (plan.changed === undefined) return current.content.encoded;
  const merged = decodeData(codec, current.content.encoded) ?? {};
  applyChanges(merged, changesBetween(codec, decodeData(codec, state.base) ?? {}, state.data));
  return codec.encode(merged);
}

function nextMeta(state: State, plan: Plan, current: Meta, now: number): Meta {
  const version = state.context.shape.version || undefined;
  const meta: Meta = { ...current, version, flash: nextFlash(state, current.flash ?? []) };
  if (plan.rotate && current.generation === state.presented) {
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
  const taken = (state.held?.content.meta.flash ?? []).map((flash) => JSON.stringify(flash));
  const left = current.filter((flash) => {
    const at = taken.indexOf(JSON.stringify(flash));
    if (at !== -1) taken.splice(at, 1);
    return at === -1;
  });
  return [...left, ...state.flashAdded];
}

function saved(state: State, held: Held): void {
  const data = held.content.encoded === state.base ? undefined : decodeData(state.context.codec, held.content.encoded);
  if (data && !state.looked) adopt(state, held, data);
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
  const { context } = state;
  const stored = await context.ask("get", () => context.store.get(keyOf(state)));
  const held = stored && (await readHeld(context, keyOf(state), stored));
  const meta = held?.content.meta;
  return (
    meta !== undefined &&
    !meta.tombstone &&
    meta.generation === state.presented + 1 &&
    meta.successorSeenAt === undefined
  );
}
