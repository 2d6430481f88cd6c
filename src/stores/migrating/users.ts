/**
 * The verbs by user over a pair of stores, and `bringHome`, which a login under a limit and the walk of `copying.ts`
 * need alike.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";
import { checkLimit } from "../parts/paging.ts";
import { freshMark } from "../parts/version.ts";
import type { Admission, AdmitResult, DeleteAllOptions, Epoch, UserStore } from "../store.ts";
import { endMany, endTraces, forEach } from "./bulk.ts";
import { listSessions } from "./listing.ts";
import type { Pair } from "./pair.ts";
import { across, MOVES } from "./pair.ts";
import type { Side } from "./slot.ts";
import { label } from "./slot.ts";
import { inTurn } from "./turn.ts";
import { isAway } from "./verbs.ts";

type UserVerbs = Pick<UserStore, "epoch" | "admit" | "list" | "deleteAll">;
type Users = Readonly<Record<Side, UserStore>>;
type UserRecord = SessionRecord & { readonly userId: string };

export function userVerbs(pair: Pair, users: Users, moves: boolean): UserVerbs {
  return {
    epoch: (userId) => epochOf(users, userId),
    list: (userId, page = {}) => listSessions(pair, users, userId, page),
    admit: (key, record, admission) =>
      moves ? admitMoving(pair, users, key, record, admission) : admitStaying(pair, users, key, record, admission),
    deleteAll: (userId, options) => deleteAll(pair, users, userId, options),
  };
}

/**
 * The store that has the session to spare checks that in the step in which it ends others; meanwhile it cannot move.
 */
async function deleteAll(
  pair: Pair,
  users: Users,
  userId: string,
  { except, limit: asked, at }: DeleteAllOptions = {},
): Promise<readonly SessionKey[] | null> {
  const limit = checkLimit(asked);
  const all = { limit, userId };
  if (except === undefined) {
    return endMany(pair, { ...all, endIn: (side, most) => users[side].deleteAll(userId, { limit: most, at }) });
  }
  // One after the other, for two that spare sessions in two stores would each end the other's.
  return inTurn(pair, userId, () =>
    pair.pinned(except, userId, (home) =>
      endMany(pair, {
        ...all,
        except: { key: except, side: home },
        endIn: (side, most, spare) => users[side].deleteAll(userId, { limit: most, at, ...(spare && { except }) }),
      }),
    ),
  );
}

async function epochOf(users: Users, userId: string): Promise<Epoch> {
  const [from, to] = await Promise.all([users.from.epoch(userId), users.to.epoch(userId)]);
  return `${from.length}:${from}${to}`;
}

/** What is left to the store at home: the rest has been looked at in the other. */
type Rest = { readonly status: "revoked" | "exists" } | { readonly status: "go on"; readonly epoch: Epoch };

/**
 * `deleteAll` and `clear` move the epochs of both stores, so the one at home, which is compared in the step that
 * inserts, decides; that of the other store tells of a program that uses it by itself.
 */
async function admitHere(
  pair: Pair,
  users: Users,
  key: SessionKey,
  record: UserRecord,
  { epoch, since }: Admission,
): Promise<Rest> {
  const [now, taken] = await Promise.all([epochOf(users, record.userId), isAway(pair, key)]);
  if (now !== epoch) return { status: "revoked" };
  const length = Number.parseInt(epoch, 10);
  const start = epoch.indexOf(":") + 1;
  const parts = { from: epoch.slice(start, start + length), to: epoch.slice(start + length) };
  if (!taken) return { status: "go on", epoch: parts[pair.home] };
  if (since === undefined) return { status: "exists" };
  // Only an admission tells whether the instant is too early: one of a record that is never there, at a key that nobody
  // has.
  const past = { ...record, expiresAt: 0 };
  const { status } = await users[pair.home].admit(freshMark(), past, { epoch: parts[pair.home], since });
  return { status: status === "revoked" ? "revoked" : "exists" };
}

async function insert(
  pair: Pair,
  users: Users,
  key: SessionKey,
  record: UserRecord,
  admission: Admission,
): Promise<AdmitResult> {
  const result = await users[pair.home].admit(key, record, admission);
  if (result.status !== "ok") return result;
  await forEach(result.evicted, async (evicted) => {
    await endTraces(pair, across(pair.home), evicted, record.userId);
  });
  return { ...result, version: label(pair.home, result.version) };
}

/** With a limit, the user's sessions are brought home first, where they can be counted in one step. */
async function admitMoving(
  pair: Pair,
  users: Users,
  key: SessionKey,
  record: UserRecord,
  admission: Admission,
): Promise<AdmitResult> {
  const rest = await admitHere(pair, users, key, record, admission);
  if (rest.status !== "go on") return rest;
  if (admission.limit !== undefined) {
    const source = users[across(pair.home)];
    let cursor: string | undefined;
    do {
      const page = await source.list(record.userId, { cursor, limit: 100 });
      await forEach(page.items, async (entry) => void (await bringHome(pair, entry.key)));
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return insert(pair, users, key, record, { ...admission, epoch: rest.epoch });
}

/** Sessions in the other store are counted as well, but not in one step with the insert: only movers put any there. */
async function admitStaying(
  pair: Pair,
  users: Users,
  key: SessionKey,
  record: UserRecord,
  admission: Admission,
): Promise<AdmitResult> {
  const { limit, onLimit = "evict-oldest" } = admission;
  const rest = await admitHere(pair, users, key, record, admission);
  if (rest.status !== "go on") return rest;
  const away = limit === undefined ? [] : await keysAway(pair, users, record.userId);
  if (limit === undefined || away.length === 0) {
    return insert(pair, users, key, record, { ...admission, epoch: rest.epoch });
  }
  if (onLimit === "reject") {
    if (limit <= away.length) return { status: (await pair.look(key)) ? "exists" : "limit" };
    return insert(pair, users, key, record, { ...admission, epoch: rest.epoch, limit: limit - away.length });
  }
  const { items } = await listSessions(pair, users, record.userId, { limit: 1000 });
  const oldest = items.slice(0, Math.max(0, items.length + 1 - Math.max(1, limit))).map((entry) => entry.key);
  const surplus = oldest.filter((each) => away.includes(each));
  const here = Math.max(1, limit - away.length + surplus.length);
  const result = await insert(pair, users, key, record, { ...admission, epoch: rest.epoch, limit: here });
  if (result.status !== "ok") return result;
  const evicted: SessionKey[] = [...result.evicted];
  await forEach(surplus, async (each) => {
    if (await pair.end(each)) evicted.push(each);
  });
  return { ...result, evicted };
}

async function keysAway(pair: Pair, users: Users, userId: string): Promise<readonly SessionKey[]> {
  const { items } = await users[across(pair.home)].list(userId, { limit: 1000 });
  return items.map((entry) => entry.key);
}

/** Moves a session home if it can be. `moved` when this call did it. */
export async function bringHome(
  pair: Pair,
  key: SessionKey,
): Promise<{ readonly status: "moved" | "not there" } | { readonly status: "stays"; readonly reason?: unknown }> {
  for (let turn = 0; turn < MOVES; turn++) {
    const found = await pair.look(key);
    if (!found || found.side === pair.home) {
      // The mark of a mover that stopped just before it took it out.
      const left = await pair.slot(across(pair.home), key);
      if (left?.kind === "moved") await pair.drop(across(pair.home), key, left);
      return { status: "not there" };
    }
    const attempt = await pair.move(key, found);
    if (attempt.status !== "again") return attempt;
  }
  return { status: "stays" };
}
