/**
 * One session in the place of another where the store has no single step for it: the successor first, then the
 * predecessor's grave, so that at no instant there is no session. What goes wrong between the two is looked up and
 * undone or finished.
 */
import { SessionError } from "../errors.ts";
import type { Replaced } from "../record/admitted.ts";
import type { Held, HeldAt, Next } from "../record/held.ts";
import { mergeOnto } from "../record/merge.ts";
import { type Burial, bury } from "../record/tombstone.ts";
import type { SessionKey } from "../record.ts";
import { ended } from "./guards.ts";
import type { Internals } from "./internals.ts";

interface Steps {
  readonly key: SessionKey;
  readonly next: Next;
  readonly grave: Next;
  readonly insert: () => Promise<Replaced>;
}

/**
 * @param place The session whose place is taken.
 * @param inPlace Both sessions are of one user.
 */
export async function swapInSteps(
  session: Internals,
  place: HeldAt,
  inPlace: boolean,
  { key, grave, insert }: Steps,
): Promise<Replaced> {
  const { records, graveyard } = session.context;
  const tombstone = grave.content.meta.tombstone as NonNullable<typeof grave.content.meta.tombstone>;
  const inserted = await insert();
  if (inserted.status !== "ok") return inserted;
  let burial: Burial;
  try {
    burial = await bury(graveyard, place.key, place.held, tombstone, inPlace);
  } catch (error) {
    // The old session is the client's still.
    await remove(session, key);
    throw error;
  }
  if (burial.status === "gone") {
    await remove(session, key);
    return burial.held ? { status: "conflict", current: burial.held } : { status: "gone" };
  }
  const { last } = burial;
  // First of all: what is carried over finds no successor where the user's other sessions were ended meanwhile.
  if (inPlace && records.keepsUsers) await settle(session, key, place, burial);
  const held = last === place.held ? inserted.held : await twice(() => carryOver(session, key, inserted.held, last));
  return { ...inserted, held };
}

/**
 * The user's other sessions may have been ended between the two steps, from this very browser, by its old id: then it
 * keeps that. When the user was revoked, the tombstone is gone as well, and nothing comes back. Else the tombstone
 * counts for the user no longer.
 */
async function settle(
  { context: { records, graveyard } }: Internals,
  key: SessionKey,
  place: HeldAt,
  { grave, last }: Extract<Burial, { status: "buried" }>,
): Promise<void> {
  if (await twice(async () => records.find(key))) {
    const { userId: _, ...times } = grave.times;
    // A tombstone that goes on counting for the user ends by itself.
    await Promise.resolve(records.restore(place.key, grave, { ...grave, times })).catch(() => false);
    return;
  }
  if (!(await twice(async () => records.restore(place.key, grave, last)))) throw ended();
  graveyard.emit({ type: "conflict", id: place.key, attempts: 1, outcome: "lost" });
  throw new SessionError(
    "SOJOURN_CONFLICT",
    "The user's other sessions were ended while this one got a new id; it keeps the old one. Try the request again.",
  );
}

/** Both sessions have changed places by now: one lost answer more must not leave the client without either. */
async function twice<T>(work: () => Promise<T>): Promise<T> {
  return work().catch(work);
}

async function remove({ context }: Internals, key: SessionKey): Promise<void> {
  // It is nobody's; what is left of it counts for its user until it expires.
  await twice(async () => context.records.remove(key)).catch(() => undefined);
}

/**
 * Another request changed the old session between our load and its burial: this request's changes go on top of that.
 */
async function carryOver({ context, data }: Internals, key: SessionKey, held: Held, last: Held): Promise<Held> {
  if (last.times.userId !== undefined && last.times.userId !== held.times.userId) return held;
  const { codec, shape, carries, records } = context;
  const ours = held.content.encoded;
  const encoded =
    carries === "nothing" ? codec.encode(await mergeOnto(codec, shape, last.content, data.base, ours)) : ours;
  const result = await records.write(key, held, (current) => ({
    ...current,
    content: { meta: { ...current.content.meta, flash: last.content.meta.flash }, encoded },
  }));
  if (result.status === "gone") throw ended();
  return result.held;
}
