/**
 * Finding and ending sessions from outside: by id, by user, all.
 */

import type { Context } from "./context.ts";
import { invalidOption, SessionError } from "./errors.ts";
import { look, readHeld } from "./record/records.ts";
import { end } from "./record/tombstone.ts";
import type { SessionKey } from "./record.ts";
import { openKnown } from "./request/open.ts";
import { withhold } from "./session/guards.ts";
import { Session, stateOf } from "./session/session.ts";
import type { SessionInfo } from "./sessions.ts";
import { type Entry, isScanStore, isUserStore, type Page, type PageRequest, type UserStore } from "./stores/store.ts";

/** How many records one call of the store ends at most: bulk work stays in slices that delay nobody. */
const SLICE = 500;

/** A session by its public id, to read, update or destroy without a request; null when there is none. */
export async function getSession(context: Context, id: SessionKey): Promise<Session<object> | null> {
  if (typeof id !== "string") return null;
  const held = await look(context, id);
  const state = held && (await openKnown(context, { id: new Uint8Array(), key: id }, held));
  return state ? new Session(state) : null;
}

/** Ends one session, and what a rotation in progress makes of it. True when there was one. */
export async function revoke(context: Context, id: SessionKey): Promise<boolean> {
  return typeof id === "string" && end(context, id, "revoked");
}

/** The live sessions of a user, oldest first. */
export async function list(context: Context, userId: string, page: PageRequest = {}): Promise<Page<SessionInfo>> {
  const store = userStoreOf(context, "list");
  checkUserId(userId);
  return infoPage(context, await context.ask("list", () => store.list(userId, page)));
}

/** Every live session, page by page, in no particular order. */
export async function listAll(context: Context, page: PageRequest = {}): Promise<Page<SessionInfo>> {
  const { store } = context;
  if (!isScanStore(store)) throw unsupported(context, "listAll");
  return infoPage(context, await context.ask("scan", () => store.scan(page)));
}

/**
 * Ends all sessions of a user. When it has resolved, none that existed or was being created when it was
 * called is valid.
 */
export async function revokeUser(context: Context, userId: string, except?: SessionKey): Promise<number> {
  const store = userStoreOf(context, "revokeUser");
  checkUserId(userId);
  const count = await inSlices(context, () =>
    context.ask("deleteAll", () => store.deleteAll(userId, { except, limit: SLICE })),
  );
  if (count === null) throw endedMeanwhile();
  context.emit({ type: "revoked", userId, count });
  return count;
}

/** Ends the other sessions of the session's user. */
export async function revokeOthers(context: Context, session: Session<object>): Promise<number> {
  const state = stateOf(session);
  const { held, identity } = state;
  const userId = held?.times.userId;
  if (userId === undefined)
    throw new SessionError(
      "SOJOURN_NOT_AUTHENTICATED",
      "Cannot end the user's other sessions: nobody is logged in to this one.",
    );
  // One after the other, or two logins that each end the others would leave none.
  return context.lane.run(`others:${userId}`, async () => {
    const live = identity && (await look(context, identity.key));
    if (live && !live.content.meta.tombstone) return revokeUser(context, userId, identity.key);
    withhold(state);
    throw endedMeanwhile();
  });
}

function endedMeanwhile(): SessionError {
  return new SessionError("SOJOURN_REVOKED", "This session has been ended, so it cannot end the user's others.");
}

/** Ends every session of everybody. */
export async function revokeAll(context: Context): Promise<number> {
  const { store } = context;
  if (!isScanStore(store)) throw unsupported(context, "revokeAll");
  const count = (await inSlices(context, () => context.ask("clear", () => store.clear({ limit: SLICE })))) ?? 0;
  context.emit({ type: "revoked", userId: undefined, count });
  return count;
}

/** How many were ended in all; null when the store refused. */
async function inSlices(context: Context, slice: () => Promise<readonly SessionKey[] | null>): Promise<number | null> {
  let count = 0;
  for (;;) {
    const keys = await slice();
    if (keys === null) return null;
    count += keys.length;
    for (const key of keys) context.endings.fire(key);
    if (keys.length < SLICE) return count;
  }
}

async function infoPage(context: Context, page: Page<Entry>): Promise<Page<SessionInfo>> {
  const infos = await Promise.all(page.items.map((entry) => infoOf(context, entry)));
  return { items: infos.filter((info) => info !== null), cursor: page.cursor };
}

/** Null for a tombstone, which stands for no session. A damaged payload is listed still: it can be revoked. */
async function infoOf(context: Context, { key, record }: Entry): Promise<SessionInfo | null> {
  const meta = (await readHeld(context, key, record))?.content.meta;
  if (meta?.tombstone) return null;
  return {
    id: key,
    userId: record.userId,
    createdAt: new Date(record.createdAt),
    lastSeenAt: new Date(record.seenAt),
    expiresAt: new Date(record.expiresAt),
    authenticatedAt: meta?.authenticatedAt === undefined ? undefined : new Date(meta.authenticatedAt),
    factors: meta?.factors ?? [],
    device: meta?.device,
  };
}

/** An anonymous session has no user to ask for; a store that is asked would be taken for one that is down. */
function checkUserId(userId: unknown): void {
  if (typeof userId !== "string") throw invalidOption("userId", userId, "a user's id, as given to `login`");
}

function userStoreOf(context: Context, verb: string): UserStore {
  if (!isUserStore(context.store)) throw unsupported(context, verb);
  return context.store;
}

function unsupported(context: Context, verb: string): SessionError {
  return new SessionError(
    "SOJOURN_UNSUPPORTED",
    `Cannot ${verb}: the ${context.store.name} store has no such index. Use a store that implements UserStore and ScanStore.`,
  );
}
