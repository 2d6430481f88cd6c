/**
 * `session.update`: a change that is exact under any concurrency.
 */

import { SessionError } from "../errors.ts";
import { freeze } from "../record/freeze.ts";
import { expiryOf } from "../record/lifetime.ts";
import { mergeOnto } from "../record/merge.ts";
import { assertDataObject, type DataObject, decodeData, sameEncoded } from "../record/payload.ts";
import { compareAndSet, MOST_ATTEMPTS, tooManyConflicts } from "../record/records.ts";
import { assertHandsOut, assertReachable, assertUsable, committed, withhold } from "./guards.ts";
import { adoptUnder, encodedData, keyOf, lookAt, replaceData, type State } from "./state.ts";
import { beforeCommit, inTurn } from "./verb-queue.ts";

type Change = (data: DataObject) => unknown;

export async function updateKey(state: State, key: string, change: (value: unknown) => unknown): Promise<unknown> {
  let value: unknown;
  await updateData(state, async (draft) => {
    value = await change(Object.hasOwn(draft, key) ? draft[key] : undefined);
    // An assignment to `__proto__` would replace the prototype; as a key of its own, codecs refuse it.
    Object.defineProperty(draft, key, { value, writable: true, enumerable: true, configurable: true });
  });
  return value;
}

export async function updateData(state: State, change: Change): Promise<DataObject> {
  assertUsable(state, "update");
  const stored = state.held !== undefined && state.context.bearer.carries === "nothing";
  return stored ? inTurn(state, () => updateStored(state, change)) : beforeCommit(state, updateHere(state, change));
}

async function updateStored(state: State, change: Change): Promise<DataObject> {
  const { context, held } = state;
  assertUsable(state, "update");
  if (!held) return updateHere(state, change); // logged out while this waited for its turn
  // After the commit, what was changed here is stored already.
  const base = state.committed ? held.content.encoded : state.base;
  const ours = state.committed ? base : encodedData(state);
  let drafted: DataObject = {};
  const result = await compareAndSet(context, keyOf(state), held, async (current) => {
    drafted = await apply(state, change, await mergeOnto(context, current.content, base, ours));
    const now = context.clock();
    const seenAt = state.mayTouch ? Math.max(now, current.times.seenAt) : current.times.seenAt;
    const { endsAt } = current.content.meta;
    const expiresAt = Math.max(current.times.expiresAt, expiryOf(seenAt, endsAt, context.lifetime));
    const meta = { ...current.content.meta, version: context.shape.label(current.content.meta.version) };
    return {
      times: { ...current.times, seenAt, expiresAt },
      content: { meta, encoded: context.codec.encode(drafted) },
    };
  });
  if (result.status === "gone") {
    state.phase = "ended";
    withhold(state);
    throw new SessionError(
      "SOJOURN_REVOKED",
      "The session was ended while this request ran, so the change was not saved.",
    );
  }
  if (result.attempts > 1)
    context.emit({ type: "conflict", id: keyOf(state), attempts: result.attempts, outcome: "merged" });
  if (state.committed) {
    state.held = result.held;
    freeze(drafted);
    return drafted;
  }
  adoptUnder(state, result.held, drafted, ours);
  lookAt(state);
  return state.data;
}

/** Nothing is stored yet, or the data travels in the cookie: the change goes out with the commit. */
async function updateHere(state: State, change: Change): Promise<DataObject> {
  assertHandsOut(state, "update");
  if (state.committed) throw committed();
  assertReachable(state);
  lookAt(state);
  if (await tryHere(state, change)) return state.data;
  return state.context.lane.run(state, async () => {
    for (let attempts = 2; attempts <= MOST_ATTEMPTS; attempts++) {
      if (await tryHere(state, change)) return state.data;
    }
    throw tooManyConflicts();
  });
}

/** False when the data was changed meanwhile, by another update of this request or by the application. */
async function tryHere(state: State, change: Change): Promise<boolean> {
  const { codec } = state.context;
  const seen = encodedData(state);
  const drafted = await apply(state, change, decodeData(codec, seen) ?? {});
  codec.encode(drafted);
  assertUsable(state, "update");
  if (state.committed) throw committed();
  if (!sameEncoded(encodedData(state), seen)) return false;
  replaceData(state, drafted);
  return true;
}

/** The function works on a draft, so that nothing has changed when it throws. */
async function apply(state: State, change: Change, draft: DataObject): Promise<DataObject> {
  state.drafting++;
  const given = await Promise.resolve(draft)
    .then(change)
    .finally(() => state.drafting--);
  if (given !== undefined) assertDataObject(given);
  const drafted = given ?? draft;
  await state.context.shape.check(drafted);
  return drafted;
}
