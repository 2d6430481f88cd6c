/**
 * Finding and ending sessions from outside of a request: by id, by user, all.
 */
import type { Context } from "./context.ts";
import { checkNames, invalidOption, SessionError } from "./errors.ts";
import type { HeldAt } from "./record/held.ts";
import { sparing } from "./record/sparing.ts";
import { end, successorOf } from "./record/tombstone.ts";
import type { SessionKey } from "./record.ts";
import { openKnown } from "./request/open.ts";
import { internalsOf, Session } from "./session/session.ts";
import type { RevokeOptions, SessionInfo } from "./sessions.ts";
import type { DeleteAllOptions, Entry, Page, PageRequest } from "./stores/store.ts";

/** How many records one call of the store ends at most: bulk work stays in slices that delay nobody. */
const SLICE = 500;

/** A session by its public id, to read, update or destroy without a request; null when there is none. */
export async function getSession(context: Context, id: SessionKey): Promise<Session<object> | null> {
  if (typeof id !== "string") return null;
  const held = await context.records.find(id);
  const session = held && (await openKnown(context, { id: new Uint8Array(), key: id }, held));
  return session ? new Session(session) : null;
}

/** Ends one session, and what a rotation in progress makes of it. True when there was one. */
export async function revoke(context: Context, id: SessionKey): Promise<boolean> {
  return typeof id === "string" && end(context.graveyard, id, "revoked");
}

const PAGE = ["cursor", "limit"] satisfies (keyof PageRequest)[];

/** The live sessions of a user, oldest first. */
export async function list(context: Context, userId: string, page: PageRequest = {}): Promise<Page<SessionInfo>> {
  assertCan(context, "list", context.records.keepsUsers);
  checkUserId(userId);
  checkNames("list.", page, PAGE);
  return infoPage(context, await context.records.list(userId, page));
}

/** Every live session, page by page, in no particular order. */
export async function listAll(context: Context, page: PageRequest = {}): Promise<Page<SessionInfo>> {
  assertCan(context, "listAll", context.records.canScan);
  checkNames("listAll.", page, PAGE);
  return infoPage(context, await context.records.scan(page));
}

/**
 * Ends all sessions of a user. When it has resolved, none that existed, or whose login's request had arrived when it
 * was called, is valid.
 */
export async function revokeUser(context: Context, userId: string, options: RevokeOptions = {}): Promise<number> {
  assertCan(context, "revokeUser", context.records.keepsUsers);
  checkUserId(userId);
  checkNames("revokeUser.", options, ["by"]);
  const at = context.stamp(context.clock());
  const count = await inSlices(context, (slice) => context.records.deleteAll(userId, { ...slice, at }));
  if (options.by) internalsOf(options.by).revoked(context.stamp(context.clock()));
  context.emit({ type: "revoked", userId, count: count ?? 0 });
  return count ?? 0;
}

/** Ends the other sessions of the session's user. The store checks in the same step that this one is alive. */
export async function revokeOthers(context: Context, session: Session<object>): Promise<number> {
  const internals = internalsOf(session);
  const { userId } = internals;
  if (userId === undefined)
    throw new SessionError(
      "SOJOURN_NOT_AUTHENTICATED",
      "Cannot end the user's other sessions: nobody is logged in to this one.",
    );
  assertCan(context, "revokeOthers", context.records.keepsUsers);
  const at = context.stamp(context.clock());
  const { records } = context;
  const { key, held } = internals;
  let own: HeldAt | undefined = held && { key, held };
  while (own) {
    const { key: except } = own;
    const others = (): Promise<number | null> =>
      inSlices(context, (slice) => records.deleteAll(userId, { ...slice, except, at }));
    const count = await sparing(context.graveyard, except, own.held, others);
    if (typeof count === "number") {
      context.emit({ type: "revoked", userId, count });
      return count;
    }
    // Another request of this browser may have given the session a new id.
    const found = await successorOf(records, await records.find(except));
    own = found?.held.times.userId === userId ? found : undefined;
  }
  internals.end();
  throw new SessionError("SOJOURN_REVOKED", "This session has been ended, so it cannot end the user's others.");
}

/** Ends every session of everybody. */
export async function revokeAll(context: Context): Promise<number> {
  assertCan(context, "revokeAll", context.records.canScan);
  const at = context.stamp(context.clock());
  const count = (await inSlices(context, (slice) => context.records.clear({ ...slice, at }))) ?? 0;
  context.emit({ type: "revoked", userId: undefined, count });
  return count;
}

/** How many were ended in all; null when the store refused the first slice. */
async function inSlices(
  context: Context,
  end: (slice: Pick<DeleteAllOptions, "limit">) => Promise<readonly SessionKey[] | null> | readonly SessionKey[] | null,
): Promise<number | null> {
  let count = 0;
  for (;;) {
    const keys = await announced(context, end);
    if (keys === null) return count > 0 ? count : null;
    count += keys.length;
    for (const key of keys) context.endings.fire(key, "revoked");
    if (keys.length < SLICE) return count;
  }
}

/** A store that pushes tells of the ends before it answers. */
async function announced<T>(context: Context, end: (slice: Pick<DeleteAllOptions, "limit">) => T): Promise<Awaited<T>> {
  const over = context.endings.announce(undefined, "revoked");
  try {
    return await end({ limit: SLICE });
  } finally {
    over();
  }
}

async function infoPage(context: Context, page: Page<Entry>): Promise<Page<SessionInfo>> {
  const infos = await Promise.all(page.items.map((entry) => infoOf(context, entry)));
  return { items: infos.filter((info) => info !== null), cursor: page.cursor };
}

/** Null for a tombstone, which stands for no session. A damaged payload is listed still: it can be revoked. */
async function infoOf(context: Context, { key, record }: Entry): Promise<SessionInfo | null> {
  const meta = (await context.records.read(key, record))?.content.meta;
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

function assertCan({ records }: Context, verb: string, can: boolean): void {
  if (can) return;
  throw new SessionError(
    "SOJOURN_UNSUPPORTED",
    `Cannot ${verb}: the ${records.storeName} store has no such index. Use a store that implements UserStore and ` +
      "ScanStore.",
  );
}
