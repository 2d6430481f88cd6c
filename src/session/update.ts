/**
 * `session.update`: a change that is exact under any concurrency.
 */

import { isPromise } from "../awaitable.ts";
import { MOST_ATTEMPTS, type Outcome, tooManyConflicts } from "../record/compare-and-set.ts";
import { freeze } from "../record/freeze.ts";
import type { Held, Next } from "../record/held.ts";
import { timesAfter } from "../record/lifetime.ts";
import { mergeOnto } from "../record/merge.ts";
import { assertDataObject, type DataObject, decodeData, type Encoded, sameEncoded } from "../record/payload.ts";
import { assertFits } from "../record/size.ts";
import { follow } from "./follow.ts";
import { assertHandsOut, assertKept, assertReachable, assertUsable, committed, ended } from "./guards.ts";
import type { Internals } from "./internals.ts";

type Change = (data: DataObject) => unknown;

export async function updateKey(
  session: Internals,
  key: string,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  let value: unknown;
  await updateData(session, async (draft) => {
    value = await change(Object.hasOwn(draft, key) ? draft[key] : undefined);
    // An assignment to `__proto__` would replace the prototype; as a key of its own, codecs refuse it.
    Object.defineProperty(draft, key, { value, writable: true, enumerable: true, configurable: true });
  });
  return value;
}

export async function updateData(session: Internals, change: Change): Promise<DataObject> {
  assertUsable(session, "update");
  assertKept(session);
  const stored = session.held !== undefined && session.context.carries === "nothing";
  return stored
    ? session.queue.inTurn(() => updateStored(session, change))
    : session.queue.beforeCommit(updateHere(session, change));
}

async function updateStored(session: Internals, change: Change): Promise<DataObject> {
  const { context, data } = session;
  assertUsable(session, "update");
  if (!session.held) return updateHere(session, change); // logged out while this waited for its turn
  const late = session.response.committed !== undefined;
  // After the commit, what was changed here is stored already.
  const base = late ? session.held.content.encoded : data.base;
  const ours = late ? base : data.encoded();
  let drafted: DataObject = {};
  const write = async (held: Held): Promise<Outcome> =>
    context.records.write(session.key, held, async (current) => {
      drafted = await apply(
        session,
        change,
        await mergeOnto(context.codec, context.shape, current.content, base, ours),
      );
      return updated(session, current, fitting(session, drafted));
    });
  let result = await write(session.held);
  while (result.status === "gone" && (await follow(session, result.held))) result = await write(session.held);
  if (result.status === "gone") {
    session.end();
    throw ended();
  }
  if (result.attempts > 1)
    context.emit({ type: "conflict", id: session.key, attempts: result.attempts, outcome: "merged" });
  session.hold(result.held);
  if (late) {
    freeze(drafted);
    return drafted;
  }
  data.adoptUnder(result.held.content.encoded, drafted, ours);
  return data.expose();
}

/** The record with this data. */
function updated({ context, proof }: Internals, current: Held, encoded: Encoded): Next {
  const { meta } = current.content;
  return {
    times: timesAfter(context.lifetime, current.times, meta, proof.mayTouch ? context.clock() : undefined),
    content: { meta: { ...meta, version: context.shape.label(meta.version) }, encoded },
  };
}

/** Nothing is stored yet, or the data travels in the cookie: the change goes out with the commit. */
async function updateHere(session: Internals, change: Change): Promise<DataObject> {
  assertHandsOut(session, "update");
  if (session.response.committed) throw committed();
  assertReachable(session);
  session.data.expose();
  if (await tryHere(session, change)) return session.data.expose();
  return session.context.queue.run(session, async () => {
    for (let attempts = 2; attempts <= MOST_ATTEMPTS; attempts++) {
      if (await tryHere(session, change)) return session.data.expose();
    }
    throw tooManyConflicts();
  });
}

/** False when the data was changed meanwhile, by another update of this request or by the application. */
async function tryHere(session: Internals, change: Change): Promise<boolean> {
  const { codec } = session.context;
  const seen = session.data.encoded();
  const drafted = await apply(session, change, decodeData(codec, seen) ?? {});
  fitting(session, drafted);
  assertUsable(session, "update");
  if (session.response.committed) throw committed();
  if (!sameEncoded(session.data.encoded(), seen)) return false;
  session.data.update(drafted);
  return true;
}

/** The data's encoding. @throws SOJOURN_TOO_LARGE */
function fitting({ context }: Internals, drafted: DataObject): Encoded {
  const encoded = context.codec.encode(drafted);
  assertFits(encoded, context.mostDataBytes);
  return encoded;
}

/** The function works on a draft, so that nothing has changed when it throws. */
async function apply({ queue, context }: Internals, change: Change, draft: DataObject): Promise<DataObject> {
  const given = await queue.drafting(async () => change(draft));
  if (given !== undefined) assertDataObject(given);
  const drafted = given ?? draft;
  const checked = context.shape.check(drafted);
  if (isPromise(checked)) await checked;
  return drafted;
}
