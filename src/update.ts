/**
 * `session.update`: a change that is exact under any concurrency.
 */
import { applyChanges, changesBetween } from "./commit/changes.ts";
import { compareAndSet } from "./commit/compare-and-set.ts";
import { SessionError } from "./errors.ts";
import { expiryOf } from "./lifetime.ts";
import { type DataObject, decodeData } from "./payload.ts";
import { assertUsable } from "./phase.ts";
import { adopt, type Held, keyOf, replaceData, type State } from "./state.ts";

export async function updateKey(state: State, key: string, change: (value: unknown) => unknown): Promise<unknown> {
  const data = await updateData(state, async (draft) => {
    const object = draft as DataObject;
    object[key] = await change(object[key]);
  });
  return data[key];
}

export async function updateData(state: State, change: (data: DataObject) => unknown): Promise<DataObject> {
  assertUsable(state, "update");
  const { context } = state;
  if (!state.held || context.bearer.carries !== "nothing") return updateHere(state, change);
  const { codec } = context;
  const mine = state.looked ? changesBetween(codec, decodeData(codec, state.base) ?? {}, state.data) : [];
  let drafted: DataObject = {};
  const result = await compareAndSet(context, keyOf(state), state.held, async (current) => {
    const draft = decodeData(codec, current.content.encoded) ?? {};
    applyChanges(draft, mine);
    drafted = ((await change(draft)) as DataObject | undefined) ?? draft;
    await context.shape.check(drafted);
    const now = context.clock();
    const seenAt = state.mayTouch ? Math.max(now, current.times.seenAt) : current.times.seenAt;
    const expiresAt = Math.max(
      current.times.expiresAt,
      expiryOf(seenAt, current.content.meta.endsAt, context.lifetime),
    );
    return {
      times: { ...current.times, seenAt, expiresAt },
      content: { ...current.content, encoded: codec.encode(drafted) },
    };
  });
  if (result.status === "gone") {
    state.phase = "ended";
    throw new SessionError(
      "SOJOURN_REVOKED",
      "The session was ended while this request ran, so the change was not saved.",
    );
  }
  if (result.attempts > 1)
    context.emit({ type: "conflict", id: keyOf(state), attempts: result.attempts, outcome: "merged" });
  if (state.committed) state.held = result.held as Held;
  else adopt(state, result.held, drafted);
  return drafted;
}

/** Nothing is stored yet, or the data travels in the cookie: the change goes out with the commit. */
async function updateHere(state: State, change: (data: DataObject) => unknown): Promise<DataObject> {
  if (state.committed) {
    throw new SessionError(
      "SOJOURN_COMMITTED",
      "The session was changed after the response had begun, and its data travels in the cookie, so the change could not be saved.",
    );
  }
  state.looked = true;
  const changed = (await change(state.data)) as DataObject | undefined;
  if (changed) replaceData(state, changed);
  return state.data;
}
