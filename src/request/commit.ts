/**
 * The last stages of a request: plan, execute, write. Everything that the store must know is there
 * before the headers are given to the caller, and nothing that was not kept is answered as a success.
 */
import { type Awaitable, chain, isPromise } from "../awaitable.ts";
import type { Held, Next, Times } from "../record/held.ts";
import { expiryOf, limitsOf } from "../record/lifetime.ts";
import type { Meta } from "../record/meta.ts";
import { decodeData, type Encoded } from "../record/payload.ts";
import { assertFits } from "../record/size.ts";
import { assertKept, assertReachable, ended, replaced, storeDown } from "../session/guards.ts";
import type { Internals } from "../session/internals.ts";
import { issueValue } from "../session/issue.ts";
import type { CommitOptions } from "../sessions.ts";
import { type Identity, newIdentity } from "../token/identity.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { type Plan, planCommit } from "./plan.ts";
import { NO_HEADERS, responseHeaders } from "./response-headers.ts";
import { updateRecord } from "./update-record.ts";

/** From this status on, the application says that the request failed. */
const FAILED = 500;

type Headers = readonly HeaderOp[];

/**
 * Saves what the request changed and answers with the headers for the response. Without a promise
 * when there is nothing to do, so that an adapter need not hold back the response. A second call
 * gives the same headers.
 */
export function commit(session: Internals, options: CommitOptions = {}): Headers | Promise<Headers> {
  const { response, queue, proof } = session;
  if (response.committed)
    return proof.readOnly && queue.pending ? queue.pending.then(() => NO_HEADERS) : response.committed;
  if (queue.pending) return queue.pending.then(() => commit(session, options));
  const failed = options.failed ?? (options.status ?? 200) >= FAILED;
  if (failed) session.discard();
  const plan = planCommit(session, session.context.clock(), failed || proof.readOnly);
  if (plan.store === "none" && !plan.reissue && response.action === "nothing")
    return finish(session, responseHeaders(session, undefined));
  if (plan.store !== "none") assertWritable(session, plan);
  // From here on, a change would come too late for what is being written.
  session.data.freeze();
  try {
    const headers = execute(session, plan);
    if (!isPromise(headers)) return finish(session, headers);
    return response.begin(
      headers.then(
        (done) => finish(session, done),
        (error: unknown) => fail(session, error),
      ),
    );
  } catch (error) {
    return fail(session, error);
  }
}

/** Whoever knows what to do about it (keep less, wait for the store) can change the data again, and commit again. */
function fail(session: Internals, error: unknown): never {
  session.response.reopen();
  session.data.thaw();
  throw error;
}

function assertWritable(session: Internals, plan: Plan): void {
  if (session.phase === "readonly") throw storeDown();
  if (plan.store === "create") assertKept(session);
  if (plan.changed !== undefined) assertReachable(session);
}

function execute(session: Internals, plan: Plan): Awaitable<Headers> {
  const { context, data, response } = session;
  if (plan.changed !== undefined) assertFits(plan.changed, context.mostDataBytes);
  const checked = plan.changed === undefined ? undefined : context.shape.check(data.value());
  return chain(checked, () =>
    chain(carryOut(session, plan), (made) =>
      chain(handOver(session, plan), () => {
        const { held } = session;
        if (response.action !== "value" || !held) return responseHeaders(session, undefined);
        return chain(made ?? issue(session, held), (value) => responseHeaders(session, value));
      }),
    ),
  );
}

/** Answers with the client's new value where that is made already. */
function carryOut(session: Internals, plan: Plan): Awaitable<string | undefined> {
  if (plan.store === "create") return create(session, plan);
  if (plan.store === "update") return update(session, plan);
  if (plan.store === "touch") return touch(session);
  return undefined;
}

/** Whether the client is to get a value that is not of this commit: a successor that it missed, or what a verb made. */
function handOver(session: Internals, plan: Plan): Awaitable<void> {
  const { response } = session;
  if (plan.reissue && plan.store !== "update")
    return chain(stillPredecessor(session), (still) => {
      if (still) response.handOut();
    });
  if (response.ofVerb && session.context.carries !== "everything") return newestOnly(session);
}

/**
 * Another request may have given the session a newer id, or ended it, since the verb: an older value must not come
 * after that.
 */
async function newestOnly({ context, key, response }: Internals): Promise<void> {
  const { records } = context;
  let found: Held | undefined;
  try {
    // A look that fails is repeated: whoever sends an older value logs the client out, and who sends none does, too.
    found = await Promise.resolve(records.find(key)).catch(() => records.find(key));
  } catch {
    // The verb has taken effect, and the client has to know of it.
    return;
  }
  if (!found || found.content.meta.tombstone) response.withhold();
}

function finish(session: Internals, headers: Headers): Headers {
  session.data.freeze();
  return session.response.finish(headers);
}

function issue(session: Internals, next: Next): Awaitable<string> {
  return issueValue(session, session.identity as Identity, next);
}

/** The first write of a session: a record under an id that nobody knew before. */
async function create(session: Internals, plan: Plan): Promise<string | undefined> {
  const { context, proof } = session;
  const now = context.clock();
  if (!session.identity) session.name(await newIdentity());
  const meta: Meta = {
    endsAt: proof.openedAt + context.lifetime.lifetime,
    rotatedAt: proof.openedAt,
    generation: 0,
    flash: session.flash.added,
    version: context.shape.label(undefined),
  };
  const limits = limitsOf(context.lifetime, undefined, undefined);
  const times: Times = { createdAt: proof.openedAt, seenAt: now, expiresAt: expiryOf(now, meta.endsAt, limits) };
  const next: Next = { times, content: { meta, encoded: plan.changed as Encoded } };
  const value = context.carries === "nothing" ? undefined : await issue(session, next);
  const held = (await context.records.create(session.key, next)) ?? (await overwrite(session, next));
  if (!held) throw ended();
  saved(session, held);
  session.response.handOut();
  session.listener?.follow(session.key);
  context.emit({ type: "created", id: session.key, userId: undefined });
  return value;
}

/** Nobody else has this id: what is there is our own, from a commit whose answer was lost. */
async function overwrite({ context, key }: Internals, next: Next): Promise<Held | undefined> {
  const there = await context.records.find(key);
  return there && (await context.records.write(key, there, () => next)).held;
}

function update(session: Internals, plan: Plan): Awaitable<string | undefined> {
  return chain(
    updateRecord(session, plan, (next) => issue(session, next)),
    (done) => {
      if (done.status === "ok") {
        saved(session, done.held);
        return done.value;
      }
      // What was only shown or used up is lost with the session; what was put in must not pass for kept.
      const lost = plan.changed !== undefined || session.flash.added.length > 0;
      session.end();
      if (!lost) return undefined;
      session.context.emit({ type: "conflict", id: session.key, attempts: 1, outcome: "lost" });
      throw done.status === "replaced" ? replaced() : ended();
    },
  );
}

function saved(session: Internals, held: Held): void {
  const { data, flash, context } = session;
  const unseen = !data.exposed && held.content.encoded !== data.base;
  data.adopt(held.content.encoded, unseen ? (decodeData(context.codec, held.content.encoded) ?? undefined) : undefined);
  session.hold(held);
  flash.saved();
}

function touch(session: Internals): Awaitable<undefined> {
  const { context } = session;
  const held = session.held as Held;
  const { times, content } = held;
  const seenAt = context.clock();
  const expiresAt = expiryOf(seenAt, content.meta.endsAt, limitsOf(context.lifetime, times.userId, content.meta.idle));
  return chain(context.records.touch(session.key, seenAt, expiresAt), (live) => {
    if (!live) {
      session.end();
      return undefined;
    }
    session.hold({ ...held, times: { ...times, seenAt, expiresAt } });
    if (context.carries === "everything") session.response.handOut();
    return undefined;
  });
}

/**
 * The client presented a predecessor, and is to be handed the current value. While the application
 * ran, the client may have got it, or a newer one, from another response: look once more.
 */
function stillPredecessor({ phase, proof, context, key }: Internals): Awaitable<boolean> {
  if (phase === "ended") return false;
  return chain(context.records.find(key), (found) => {
    const meta = found?.content.meta;
    return (
      meta !== undefined &&
      !meta.tombstone &&
      meta.generation === proof.generation + 1 &&
      meta.successorSeenAt === undefined
    );
  });
}
