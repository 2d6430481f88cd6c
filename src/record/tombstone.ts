/**
 * How a session ends: its record becomes a tombstone, so that whoever is changing or rotating the session at the same
 * moment cannot carry it on, and a late request with its id touches no newer cookie.
 */
import { SessionError } from "../errors.ts";
import type { Emit, EndReason } from "../events.ts";
import type { SessionKey } from "../record.ts";
import type { Outcome } from "./compare-and-set.ts";
import type { Held, HeldAt, Next, Times } from "./held.ts";
import type { Meta } from "./meta.ts";
import type { Encoded } from "./payload.ts";
import type { Records } from "./records.ts";
import { assertNotSpared } from "./sparing.ts";

/** For so long requests that were under way when an id was replaced or ended may still arrive: they touch no cookie. */
export const IN_FLIGHT_MS = 60_000;

/**
 * For so long a replaced id of a user leads to its successor: a handler that takes long must still be able to log out.
 */
const REMEMBERED_MS = 600_000;

/** Ends that come from the client's own request. */
const OWN_ENDS: readonly EndReason[] = ["logout", "destroyed"];

/** A chain of successors that is longer than this is being made faster than it can be followed. */
const MOST_LINKS = 1_000;

export type Tombstone = NonNullable<Meta["tombstone"]>;

/** What ends need of a manager. */
export interface Graveyard {
  readonly records: Records;
  readonly initialEncoded: Encoded;
  readonly clock: () => number;
  readonly emit: Emit;
  /** Aborts the signals of a session that has ended. */
  readonly fire: (key: SessionKey, reason: EndReason) => void;
  /** Says why a session is about to end; what is returned takes the word back. */
  readonly announce: (key: SessionKey, reason: EndReason) => () => void;
}

/** The tombstone of a record. */
export function graveOf(yard: Graveyard, current: Held, tombstone: Tombstone): Next {
  const now = yard.clock();
  const remembered = tombstone.successor !== undefined && current.times.userId !== undefined;
  const endsAt = now + (remembered ? REMEMBERED_MS : IN_FLIGHT_MS);
  const times: Times = { createdAt: current.times.createdAt, seenAt: now, expiresAt: endsAt };
  return {
    times,
    content: { meta: { endsAt, rotatedAt: now, generation: 0, tombstone }, encoded: yard.initialEncoded },
  };
}

export type Burial =
  | { readonly status: "buried"; readonly last: Held; readonly grave: Held }
  | { readonly status: "gone"; readonly held: Held | undefined };

/**
 * Turns a live record into a tombstone by compare-and-set. `start` is what the caller last saw of it. One that names a
 * successor and was not answered is looked up.
 *
 * @param keepsUser The tombstone is found and ended with the user's sessions, as long as it may become the session
 *   again.
 * @throws SOJOURN_CONFLICT with `keepsUser`, when the session is being spared.
 */
export async function bury(
  yard: Graveyard,
  key: SessionKey,
  start: Held,
  tombstone: Tombstone,
  keepsUser = false,
): Promise<Burial> {
  let last = start;
  let result: Outcome;
  try {
    result = await yard.records.end(key, start, (current) => {
      last = current;
      if (keepsUser) assertNotSpared(yard, current);
      const grave = graveOf(yard, current, tombstone);
      return keepsUser ? { ...grave, times: { ...grave.times, userId: current.times.userId } } : grave;
    });
  } catch (error) {
    if (!tombstone.successor) throw error;
    const there = await Promise.resolve(yard.records.find(key)).catch(() => undefined);
    if (there?.content.meta.tombstone?.successor !== tombstone.successor) throw error;
    return { status: "buried", last, grave: there };
  }
  return result.status === "gone"
    ? { status: "gone", held: result.held }
    : { status: "buried", last, grave: result.held };
}

/**
 * Where a replaced id leads: the live session at the end of the chain; undefined when it ended, or became another
 * user's.
 */
export function successorOf(records: Records, grave: Held | undefined): Promise<HeldAt | undefined> {
  return walk(records, grave, true);
}

/** The live session at the end of the chain, whoever's it is: what the client's browser has by now. */
export function lastOf(records: Records, grave: Held | undefined): Promise<HeldAt | undefined> {
  return walk(records, grave, false);
}

async function walk(records: Records, grave: Held | undefined, sameUser: boolean): Promise<HeldAt | undefined> {
  let current = grave;
  for (let links = 0; links < MOST_LINKS; links++) {
    const tombstone: Tombstone | undefined = current?.content.meta.tombstone;
    if (!tombstone?.successor || (sameUser && tombstone.otherUser)) return undefined;
    const key: SessionKey = tombstone.successor;
    current = await records.find(key);
    if (current && !current.content.meta.tombstone) return { key, held: current };
  }
  throw endlessChain();
}

/**
 * Ends the session, and all that replaced it. When it resolves, nothing in flight can bring the session back. True when
 * there was one to end.
 *
 * @throws SOJOURN_CONFLICT when new ids are made faster than they can be ended; the session is not over then.
 */
export async function end(yard: Graveyard, key: SessionKey, reason: EndReason, start?: Held): Promise<boolean> {
  let next: SessionKey | undefined = key;
  let held = start;
  let ended = false;
  const returning: HeldAt[] = [];
  for (let links = 0; next !== undefined; links++) {
    if (links >= MOST_LINKS) throw endlessChain();
    const over = yard.announce(next, reason);
    try {
      const link: Link = await endOne(yard, next, reason, held);
      ended ||= link.ended;
      if (link.mayReturn) returning.unshift({ key: next, held: link.mayReturn });
      next = link.next;
    } finally {
      over();
    }
    held = undefined;
  }
  // Only now: an end that fails on the way is repeated by the id that the caller has, which must lead on until then.
  for (const grave of returning) ended = (await clearAway(yard, grave, reason)) || ended;
  return ended;
}

/** What may become the session again, in a verb that is under way, goes; it is ended anew where it has done so. */
async function clearAway(yard: Graveyard, { key, held }: HeldAt, reason: EndReason): Promise<boolean> {
  const there = await yard.records.find(key);
  if (!there) return false;
  const { tombstone } = there.content.meta;
  if (tombstone?.successor !== held.content.meta.tombstone?.successor) return end(yard, key, reason, there);
  if (there.times.userId !== undefined) await yard.records.remove(key);
  return false;
}

interface Link {
  readonly ended: boolean;
  /** The tombstone, when it has a user yet: it may still become the session again. */
  readonly mayReturn: Held | undefined;
  /** What replaced it. */
  readonly next: SessionKey | undefined;
}

async function endOne(yard: Graveyard, key: SessionKey, reason: EndReason, start: Held | undefined): Promise<Link> {
  const { records } = yard;
  const held = start ?? (await records.find(key));
  const burial: Burial = held ? await bury(yard, key, held, { reason: "ended" }) : { status: "gone", held: undefined };
  const grave = burial.status === "gone" ? burial.held : undefined;
  // After an end that its own browser asked for, a tombstone stays for the late requests, which must not touch the
  // cookie of whatever comes next. Who was ended by somebody else begins anew with the next request, and where nobody
  // would hear of the tombstone, or nothing can be read, the record goes, too.
  const stays = records.tellsOfEnds && OWN_ENDS.includes(reason);
  const goes = burial.status === "buried" ? !stays : grave === undefined;
  const removed = goes && (await records.remove(key));
  const ended = burial.status === "buried" || removed;
  if (ended) {
    const userId = burial.status === "buried" ? burial.last.times.userId : held?.times.userId;
    yard.emit({ type: "destroyed", id: key, userId, reason });
  }
  yard.fire(key, reason);
  const mayReturn = grave?.times.userId === undefined ? undefined : grave;
  return { ended, mayReturn, next: grave?.content.meta.tombstone?.successor };
}

function endlessChain(): SessionError {
  return new SessionError(
    "SOJOURN_CONFLICT",
    `The session got more than ${MOST_LINKS} new ids while it was being ended: somebody rotates it without a pause. ` +
      "Revoke its user.",
  );
}
