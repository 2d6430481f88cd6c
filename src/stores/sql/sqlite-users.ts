/**
 * The writes that are about a user or about everybody, each for one transaction, as those in `sqlite-writes.ts` are.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey, SessionRecord } from "../../record.ts";
import { instantOf } from "../parts/bounds.ts";
import { checkLimit } from "../parts/paging.ts";
import { fromText, NO_KEY, toText } from "../parts/text.ts";
import type { Admission, AdmitResult, DeleteAllOptions, Epoch, Replaced, ReplaceResult } from "../store.ts";
import type { Integer, Row } from "./sqlite-row.ts";
import { EVERYBODY, type RecordStatements } from "./sqlite-statements.ts";
import { type Columns, changedOf, changes, columnsOf, find, insert, type Write } from "./sqlite-writes.ts";

/** What the statement `epoch` finds. */
export interface EpochRow {
  readonly everybody: Integer;
  readonly own: Integer | null;
}

export function toEpoch({ everybody, own }: EpochRow): Epoch {
  return `${everybody}.${own ?? 0}`;
}

export function epochOf(sql: RecordStatements, userId: string): Epoch {
  return toEpoch(sql.epoch.get(toText(userId)) as EpochRow);
}

/** Whether the user, or everybody, was revoked at a later instant than this. */
export function isRevokedSince(sql: RecordStatements, userId: string, since: number | undefined): boolean {
  if (since === undefined) return false;
  const { at } = sql.revokedAt.get(toText(userId), EVERYBODY) as { at: number | null };
  return at !== null && since < at;
}

interface Entrance {
  readonly row: Columns;
  readonly userId: string;
  readonly admission: Admission;
  readonly now: number;
  /** The key of a session that does not count, as it is in its column. */
  readonly instead: string;
}

/** Lets a login in: an answer why not, or the surplus ended and the record inserted. */
function enter(
  sql: RecordStatements,
  { row, userId, admission, now, instead }: Entrance,
  ended: SessionKey[],
): AdmitResult {
  const { epoch, since, limit = Number.POSITIVE_INFINITY, onLimit = "evict-oldest" } = admission;
  if (epochOf(sql, userId) !== epoch || isRevokedSince(sql, userId, since)) return { status: "revoked" };
  if (find(sql, row.id, now)) return { status: "exists" };
  const { count } = sql.countOfUser.get(row.user, now, instead) as { count: Integer };
  const surplus = Math.ceil(Number(count) + 1 - limit);
  if (surplus > 0 && onLimit === "reject") return { status: "limit" };
  const evicted = surplus > 0 ? end(sql, sql.keysOfUser.all(row.user, now, instead, surplus), ended) : [];
  const version = insert(sql, row, now);
  return version === null ? { status: "exists" } : { status: "ok", version, evicted };
}

export function admit(
  key: SessionKey,
  record: SessionRecord & { readonly userId: string },
  admission: Admission,
  clock: Clock,
): Write<AdmitResult> {
  const { userId } = record;
  const row = columnsOf(key, record);
  return (sql, ended) => enter(sql, { row, userId, admission, now: clock(), instead: NO_KEY }, ended);
}

/** Inserts as `create` does or, with an admission, as `admit` does, and leaves a tombstone at the old key. */
export function replace(
  key: SessionKey,
  record: SessionRecord,
  old: Replaced,
  admission: Admission | undefined,
  clock: Clock,
): Write<ReplaceResult> {
  const row = columnsOf(key, record);
  const tombstone = columnsOf(old.key, old.record);
  const { userId = "" } = record;
  const enterAs = (sql: RecordStatements, now: number, ended: SessionKey[]): AdmitResult => {
    if (admission) return enter(sql, { row, userId, admission, now, instead: tombstone.id }, ended);
    const version = insert(sql, row, now);
    return version === null ? { status: "exists" } : { status: "ok", version, evicted: [] };
  };
  return (sql, ended) => {
    const now = clock();
    const current = find(sql, tombstone.id, now);
    if (!current) return { status: "gone" };
    if (current.version !== old.version) return { status: "conflict", current };
    const result = enterAs(sql, now, ended);
    if (result.status !== "ok") return result;
    const { createdAt, user, id } = tombstone;
    changes(sql.updateAll, ...changedOf(tombstone), createdAt, user, id, old.version, now);
    ended.push(old.key);
    return result;
  };
}

/** Deletes the rows that a listing of keys found. */
export function end(sql: RecordStatements, rows: readonly unknown[], ended: SessionKey[]): readonly SessionKey[] {
  const ids = (rows as readonly Pick<Row, "key">[]).map((row) => row.key);
  if (ids.length > 0) changes(sql.deleteKeys, JSON.stringify(ids));
  const keys = ids.map(fromText);
  ended.push(...keys);
  return keys;
}

/** Whether the session is live and the user's. */
export function isOwnedBy(sql: RecordStatements, key: SessionKey, userId: string, now: number): boolean {
  // Nothing found is null with some drivers, undefined with others.
  return Boolean(sql.ownedBy.get(toText(key), toText(userId), now));
}

export function deleteAll(
  userId: string,
  options: DeleteAllOptions,
  clock: Clock,
): Write<readonly SessionKey[] | null> {
  const { except } = options;
  const limit = checkLimit(options.limit);
  const at = instantOf("at", options.at, clock);
  return (sql, ended) => {
    const now = clock();
    const user = toText(userId);
    if (except !== undefined && !isOwnedBy(sql, except, userId, now)) return null;
    sql.moveEpoch.run(user);
    sql.revoke.run(user, at);
    return end(sql, sql.keysOfUser.all(user, now, except === undefined ? NO_KEY : toText(except), limit), ended);
  };
}

export function clear(options: Omit<DeleteAllOptions, "except">, clock: Clock): Write<readonly SessionKey[]> {
  const limit = checkLimit(options.limit);
  const at = instantOf("at", options.at, clock);
  return (sql, ended) => {
    sql.moveEverybody.run();
    sql.revoke.run(EVERYBODY, at);
    return end(sql, sql.keysOfAll.all(clock(), limit), ended);
  };
}
