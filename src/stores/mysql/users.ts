/**
 * The verbs that are about a user or about everybody: epochs, logins, replacements and revocations. Those of one
 * record alone are in `records.ts`.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord } from "../../record.ts";
import { firstVersion } from "../parts/version.ts";
import type { Admission, AdmitResult, DeleteAllOptions, Epoch, Replaced, ReplaceResult } from "../store.ts";
import type { Ended, Step } from "./bulk-delete.ts";
import { endAllOf, endEverybody, endOldest } from "./bulk-delete.ts";
import type { MysqlValue } from "./client.ts";
import type { Work } from "./connections.ts";
import { isDuplicate } from "./faults.ts";
import { changeOf, checkSize, insert, overwrite } from "./records.ts";
import type { Integer } from "./row.ts";
import { isKey, knownUser, userBytes, valuesOf } from "./row.ts";
import type { Statements } from "./statements.ts";
import type { Transaction } from "./transaction.ts";

const DAY = 86_400_000;

/** How long the epoch of a user is kept who neither logs in nor is revoked. */
const KEEP_EPOCHS = 30 * DAY;

interface Epochs {
  readonly everybody: Integer;
  readonly own: Integer | null;
  readonly used: Integer | null;
}

const tokenOf = ({ everybody, own }: Pick<Epochs, "everybody" | "own">): Epoch => `${everybody}.${own}`;

/**
 * A user's epoch is a row that every login locks, so there must be one: it is made at the first login and again after
 * it was removed for want of use, with a random number, so that a login from before does not fit it.
 */
export function epoch(sql: Statements, userId: string, clock: Clock): Work<Epoch> {
  const user = knownUser(userId);
  // No session can be of such a user: a login says so.
  if (user === undefined) return async () => "none";
  return async (transaction) => {
    for (let turn = 0; turn < 3; turn++) {
      const [found] = await transaction.rows<Epochs>(sql.epoch, user);
      if (!found) break;
      const now = clock();
      if (found.own !== null && Number(found.used) > now - DAY) return tokenOf(found);
      await use(sql, transaction, user, now);
    }
    throw new SessionError(
      "SOJOURN_STORE_UNAVAILABLE",
      "The MySQL tables of the store have been emptied while it runs.",
    );
  };
}

/** When no instant is given, only the epoch counts. */
const ALWAYS = 9e15;

/** The two numbers of an epoch; undefined for what was never one. */
function countsOf(epoch: Epoch): readonly [everybody: number, own: number] | undefined {
  const [, everybody, own] = /^(\d{1,16})\.(\d{1,16})$/.exec(String(epoch)) ?? [];
  return own === undefined ? undefined : [Number(everybody), Number(own)];
}

/**
 * Without a limit a login is one statement. With one, or where its key was there before, it is a transaction, in which
 * the user's logins wait for each other.
 */
export function admit(
  sql: Statements,
  key: SessionKey,
  record: SessionRecord & { readonly userId: string },
  admission: Admission,
  clock: Clock,
): Work<AdmitResult> {
  const login = { key, values: valuesOf(record), user: userBytes(record.userId), admission };
  const counts = countsOf(admission.epoch);
  if (counts === undefined) return async () => ({ status: "revoked" });
  const inTurns: Work<AdmitResult> = (transaction) =>
    transaction.run(() => place(sql, transaction, login, clock()), isDone);
  if (admission.limit !== undefined || !isKey(key)) return inTurns;
  return async (transaction) => {
    const version = firstVersion();
    const since = admission.since ?? ALWAYS;
    await checkSize(transaction, login.values);
    try {
      const made = await transaction.change(sql.admit, ...login.values, version, key, login.user, ...counts, since);
      return made === 1 ? { status: "ok", version, evicted: [] } : { status: "revoked" };
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    return inTurns(transaction);
  };
}

interface Login {
  readonly key: SessionKey;
  readonly values: readonly MysqlValue[];
  readonly user: Uint8Array;
  readonly admission: Admission;
}

const isDone = ({ status }: { readonly status: string }): boolean => status === "ok";

/** Puts a session in, or says why not; in a transaction, which is not kept then. */
async function place(sql: Statements, transaction: Transaction, login: Login, now: number): Promise<AdmitResult> {
  const { key, user, values, admission } = login;
  const { limit, onLimit = "evict-oldest", since = ALWAYS } = admission;
  const present = limit === undefined ? await share(sql, transaction, user) : await hold(sql, transaction, user);
  if (!present || present.epoch !== admission.epoch || since < present.revoked) return { status: "revoked" };
  if (!isKey(key)) return { status: "exists" };
  let evicted: readonly SessionKey[] = [];
  if (limit !== undefined) {
    const [state] = await transaction.rows<{ live: Integer; taken: Integer }>(sql.stateOfUser, key, now, user, now);
    if (Number(state?.taken) > 0) return { status: "exists" };
    const surplus = Math.ceil(Number(state?.live) + 1 - limit);
    if (surplus > 0 && onLimit === "reject") return { status: "limit" };
    if (surplus > 0) evicted = await endOldest(sql, transaction, user, surplus, now);
  }
  const version = await insert(sql, transaction, key, values, now);
  // The key may have been created in this very moment. Nobody is ended for nothing, for it is not kept.
  return version === null ? { status: "exists" } : { status: "ok", version, evicted };
}

/**
 * The old record first: it is overwritten, and by that held, and does not count for its user any more. Whatever comes
 * in between undoes it.
 */
export function replace(
  sql: Statements,
  key: SessionKey,
  record: SessionRecord,
  old: Replaced,
  admission: Admission | undefined,
  clock: Clock,
): Work<ReplaceResult> {
  if (!isKey(old.key)) return async () => ({ status: "gone" });
  const { userId } = record;
  const values = valuesOf(record);
  const user = userId === undefined ? undefined : userBytes(userId);
  const change = changeOf(old.key, old.record, old.version);
  return (transaction) =>
    transaction.run(async (): Promise<ReplaceResult> => {
      const now = clock();
      const buried = await overwrite(sql, transaction, change, now);
      if (buried.status !== "ok") return buried;
      if (user !== undefined && admission !== undefined) {
        return place(sql, transaction, { key, values, user, admission }, now);
      }
      if (!isKey(key)) return { status: "exists" };
      await stand(sql, transaction, user, now);
      const version = await insert(sql, transaction, key, values, now);
      return version === null ? { status: "exists" } : { status: "ok", version, evicted: [] };
    }, isDone);
}

/** Waits for revocations under way, and makes those that come wait: then they find what is made here. */
async function stand(
  sql: Statements,
  transaction: Transaction,
  user: Uint8Array | undefined,
  now: number,
): Promise<void> {
  if (user !== undefined && (await share(sql, transaction, user))) return;
  await transaction.rows(sql.shareEverybody);
  if (user !== undefined) await use(sql, transaction, user, now);
}

/** Makes the user's epoch where there is none, and holds it in a transaction. */
async function use(sql: Statements, transaction: Transaction, user: Uint8Array, now: number): Promise<void> {
  const day = Math.floor(now);
  await transaction.change(sql.useEpoch, user, firstVersion(), day, null, day);
}

interface Standing {
  readonly epoch: Epoch;
  /** The instant of the last revocation, of the user or of everybody. */
  readonly revoked: number;
}

type Revocable = Epochs & { readonly revoked: number | string };

/** Both epochs, held against a revocation until the end of the transaction; logins do not wait for each other. */
async function share(sql: Statements, transaction: Transaction, user: Uint8Array): Promise<Standing | undefined> {
  const [row] = await transaction.rows<Revocable>(sql.shareEpochs, user);
  return row && { epoch: tokenOf(row), revoked: Number(row.revoked) };
}

/** As `share`, and the logins of one user wait for each other, so that they can be counted. */
async function hold(sql: Statements, transaction: Transaction, user: Uint8Array): Promise<Standing | undefined> {
  const [everybody] = await transaction.rows<Revocable>(sql.shareEverybody);
  const [own] = await transaction.rows<Revocable>(sql.holdEpoch, user);
  if (!everybody || !own) return undefined;
  const revoked = Math.max(Number(everybody.revoked), Number(own.revoked));
  return { epoch: tokenOf({ everybody: everybody.everybody, own: own.own }), revoked };
}

/**
 * One step of `deleteAll`. In the first one the epoch moves before all else: that waits for the logins that hold it,
 * and what they made is then there to be ended. The session to spare is looked for in each, under the same lock, so
 * that of two that spare themselves one finds that it has been ended.
 */
export function deleteAll(
  sql: Statements,
  userId: string,
  { except, at }: Pick<DeleteAllOptions, "except" | "at">,
  step: Step,
  clock: Clock,
): Work<Ended | null> {
  const user = knownUser(userId);
  if (except !== undefined && (user === undefined || !isKey(except))) return async () => null;
  if (user === undefined) return async () => ({ keys: [], more: false });
  return (transaction) =>
    transaction.run(async () => {
      const now = clock();
      if (except !== undefined) {
        await use(sql, transaction, user, now);
        const spared = await transaction.rows(sql.holdSpared, except, user, now);
        if (spared.length === 0) return null;
      }
      if (step.first) {
        const [day, instant] = [Math.floor(now), at ?? now];
        await transaction.change(sql.moveEpoch, user, firstVersion(), day, instant, day, instant, instant);
      }
      return endAllOf(sql, transaction, user, except, step.size, now);
    });
}

/** One step of `clear`. */
export function clear(sql: Statements, at: number | undefined, step: Step, clock: Clock): Work<Ended> {
  return (transaction) =>
    transaction.run(async () => {
      const now = clock();
      if (step.first) await transaction.change(sql.moveEverybody, at ?? now, at ?? now);
      return endEverybody(sql, transaction, step.size, now);
    });
}

/** Removes the epochs of users who have not been here for a month. */
export function forgetEpochs(sql: Statements, limit: number, clock: Clock): Work<number> {
  return (transaction) => transaction.change(sql.deleteUnusedEpochs, Math.floor(clock()) - KEEP_EPOCHS, String(limit));
}
