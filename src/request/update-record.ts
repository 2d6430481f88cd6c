/**
 * Writes what a request changed to the record that it has, on top of anybody's changes: compare-and-set, and where the
 * session got another id meanwhile, to its successor.
 */
import { type Awaitable, chain } from "../awaitable.ts";
import type { Outcome } from "../record/compare-and-set.ts";
import type { Held, Next } from "../record/held.ts";
import { timesAfter } from "../record/lifetime.ts";
import { mergeOnto } from "../record/merge.ts";
import type { Meta } from "../record/meta.ts";
import type { Encoded } from "../record/payload.ts";
import { assertFits } from "../record/size.ts";
import { follow } from "../session/follow.ts";
import type { Internals } from "../session/internals.ts";
import type { Plan } from "./plan.ts";

/** `value` is the client's new value, where that was made before the write, to know that it is not too large. */
export type Updated =
  | { readonly status: "ok"; readonly held: Held; readonly value: string | undefined }
  | { readonly status: "ended" | "replaced" };

export function updateRecord(
  session: Internals,
  plan: Plan,
  issue: (next: Next) => Awaitable<string>,
): Awaitable<Updated> {
  const { context } = session;
  const start = session.held as Held;
  if (context.carries !== "data" || plan.changed === undefined) return write(session, plan, start, undefined);
  return chain(nextRecord(session, plan, start), (next) =>
    chain(issue(next), (value) => write(session, plan, start, value)),
  );
}

function write(session: Internals, plan: Plan, start: Held, value: string | undefined): Awaitable<Updated> {
  let rotated = false;
  const outcome = session.context.records.write(session.key, start, (current) =>
    chain(nextRecord(session, plan, current), (next) => {
      rotated = next.content.meta.generation === current.content.meta.generation + 1 && plan.rotate;
      return next;
    }),
  );
  return chain(outcome, (result) => {
    if (result.status === "gone") return elsewhere(session, plan, result.held);
    const { generation } = result.held.content.meta;
    const superseded = generation !== start.content.meta.generation && !rotated && plan.record !== "generation";
    if (!superseded) decideAnswer(session, plan, result.held, rotated);
    report(session, plan, result.attempts, rotated);
    return { status: "ok", held: result.held, value: result.attempts === 1 ? value : undefined };
  });
}

/** The record is not this session's any more. Data that is in the cookie cannot be taken to where it went. */
async function elsewhere(session: Internals, plan: Plan, grave: Held | undefined): Promise<Updated> {
  const { context } = session;
  const status = grave?.content.meta.tombstone?.reason === "replaced" ? "replaced" : "ended";
  const inCookie = context.carries !== "nothing" && plan.changed !== undefined;
  let result: Outcome = { status: "gone", held: grave };
  while (result.status === "gone" && !inCookie && (await follow(session, result.held)))
    result = await context.records.write(session.key, session.held as Held, (current) =>
      nextRecord(session, { ...plan, rotate: false, record: "nothing" }, current),
    );
  if (result.status === "gone") return { status };
  report(session, plan, result.attempts, false);
  return { status: "ok", held: result.held, value: undefined };
}

/** Only what changes the client's copy is sent; and nothing, when another response has sent a newer one. */
function decideAnswer({ context, response }: Internals, plan: Plan, held: Held, rotated: boolean): void {
  const copyChanged = context.carries === "everything" || (context.carries === "data" && plan.changed !== undefined);
  const handOver = plan.reissue && held.content.meta.successorSeenAt === undefined;
  if (rotated || copyChanged || handOver) response.handOut();
}

function report({ context, key, userId }: Internals, plan: Plan, attempts: number, rotated: boolean): void {
  const { emit, carries } = context;
  if (attempts > 1) {
    const lost = plan.changed !== undefined && carries === "data";
    emit({ type: "conflict", id: key, attempts, outcome: lost ? "lost" : "merged" });
  }
  if (rotated) emit({ type: "rotated", id: key, userId, previousId: key, why: "periodic" });
}

/** The record that this request wants, given what is there now: its own changes on top of anybody's. */
function nextRecord(session: Internals, plan: Plan, current: Held): Awaitable<Next> {
  const { context, proof } = session;
  const now = context.clock();
  return chain(nextData(session, plan, current), ({ encoded, version }) => {
    const next = nextMeta(session, plan, current, now);
    const meta = next.version === version ? next : { ...next, version };
    const times = timesAfter(context.lifetime, current.times, meta, proof.mayTouch ? now : undefined);
    return { times, content: { meta, encoded } };
  });
}

/** The data, and the version of its shape, which is not ours as long as somebody else's data is passed on. */
function nextData(
  session: Internals,
  plan: Plan,
  current: Held,
): Awaitable<{ readonly encoded: Encoded; readonly version: number | undefined }> {
  const { codec, carries, shape, mostDataBytes } = session.context;
  const { base } = session.data;
  const version = shape.label(current.content.meta.version);
  const own = current === session.held && !session.followed;
  if (own || carries !== "nothing") return { encoded: plan.changed ?? base, version };
  if (plan.changed === undefined) return { encoded: current.content.encoded, version: current.content.meta.version };
  return chain(mergeOnto(codec, shape, current.content, base, plan.changed), (merged) => {
    const encoded = codec.encode(merged);
    assertFits(encoded, mostDataBytes);
    return { encoded, version };
  });
}

function nextMeta(session: Internals, plan: Plan, held: Held, now: number): Meta {
  const { proof, context, flash } = session;
  const current = held.content.meta;
  const meta: Meta = flash.changed ? { ...current, flash: flash.next(current.flash ?? []) } : current;
  // A request that was overtaken may hold older data than the winner handed out, and must not rotate it into the newest
  // cookie.
  const overtaken = context.carries === "data" && held !== session.held;
  if (plan.rotate && current.generation === proof.generation && !overtaken) {
    return { ...meta, generation: current.generation + 1, rotatedAt: now, successorSeenAt: undefined };
  }
  if (plan.record === "generation" && current.generation < proof.generation) {
    return { ...meta, generation: proof.generation, rotatedAt: now, successorSeenAt: now };
  }
  if (plan.record === "successor-seen" && current.generation === proof.generation) {
    return { ...meta, successorSeenAt: current.successorSeenAt ?? now };
  }
  return meta;
}
