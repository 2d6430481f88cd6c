import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord } from "../../record.ts";
import { firstVersion } from "../parts/version.ts";
import type { Admission, AdmitResult, Epoch } from "../store.ts";
import type { Ended, Step } from "./bulk-delete.ts";
import { endAllOf, endEverybody, endOldest } from "./bulk-delete.ts";
import type { Work } from "./connections.ts";
import { Again } from "./faults.ts";
import { insert } from "./records.ts";
import type { Integer } from "./row.ts";
import { isKey, knownUser, userBytes, valuesOf } from "./row.ts";
import type { Statements } from "./statements.ts";
import type { Session } from "./transaction.ts";

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
  const user = userBytes(userId);
  return async (session) => {
    for (let turn = 0; turn < 3; turn++) {
      const [found] = await session.rows<Epochs>(sql.epoch, user);
      if (!found) break;
      const now = clock();
      if (found.own !== null && Number(found.used) > now - DAY) return tokenOf(found);
      await session.change(sql.useEpoch, user, firstVersion(), Math.floor(now), Math.floor(now));
    }
    throw new SessionError(
      "SOJOURN_STORE_UNAVAILABLE",
      "The MySQL tables of the store have been emptied while it runs.",
    );
  };
}

export function admit(
  sql: Statements,
  key: SessionKey,
  record: SessionRecord & { readonly userId: string },
  admission: Admission,
  clock: Clock,
): Work<AdmitResult> {
  const user = userBytes(record.userId);
  const values = valuesOf(record);
  const { limit, onLimit = "evict-oldest" } = admission;
  return (session) =>
    session.transaction(async () => {
      const present = limit === undefined ? await share(sql, session, user) : await hold(sql, session, user);
      if (present !== admission.epoch) return { status: "revoked" };
      if (!isKey(key)) return { status: "exists" };
      const now = clock();
      let evicted: readonly SessionKey[] = [];
      if (limit !== undefined) {
        const [state] = await session.rows<{ live: Integer; taken: Integer }>(sql.stateOfUser, key, now, user, now);
        if (Number(state?.taken) > 0) return { status: "exists" };
        const surplus = Math.ceil(Number(state?.live) + 1 - limit);
        if (surplus > 0 && onLimit === "reject") return { status: "limit" };
        if (surplus > 0) evicted = await endOldest(sql, session, user, surplus, now);
      }
      const version = await insert(sql, session, key, values, now);
      if (version !== null) return { status: "ok", version, evicted };
      // The key was created in this very moment. Nobody was ended for nothing.
      if (evicted.length > 0) throw new Again("taken");
      return { status: "exists" };
    });
}

/** Both epochs, held against a revocation until the end of the transaction; logins do not wait for each other. */
async function share(sql: Statements, session: Session, user: Uint8Array): Promise<Epoch | undefined> {
  const [row] = await session.rows<Epochs>(sql.shareEpochs, user);
  return row && tokenOf(row);
}

/** As `share`, and the logins of one user wait for each other, so that they can be counted. */
async function hold(sql: Statements, session: Session, user: Uint8Array): Promise<Epoch | undefined> {
  const [everybody] = await session.rows<Epochs>(sql.shareEverybody);
  const [own] = await session.rows<Epochs>(sql.holdEpoch, user);
  return everybody && own && tokenOf({ everybody: everybody.everybody, own: own.own });
}

/**
 * One step of `deleteAll`. In the first one the epoch moves before all else: that waits for the logins that hold it,
 * and what they made is then there to be ended.
 */
export function deleteAll(
  sql: Statements,
  userId: string,
  except: SessionKey | undefined,
  step: Step,
  clock: Clock,
): Work<Ended> {
  const user = knownUser(userId);
  if (user === undefined) return async () => ({ keys: [], more: false });
  return (session) =>
    session.transaction(async () => {
      const now = clock();
      if (step.first) await session.change(sql.moveEpoch, user, firstVersion(), Math.floor(now), Math.floor(now));
      return endAllOf(sql, session, user, except, step.size, now);
    });
}

/** One step of `clear`. */
export function clear(sql: Statements, step: Step, clock: Clock): Work<Ended> {
  return (session) =>
    session.transaction(async () => {
      if (step.first) await session.change(sql.moveEverybody);
      return endEverybody(sql, session, step.size, clock());
    });
}

/** Removes the epochs of users who have not been here for a month. */
export function forgetEpochs(sql: Statements, limit: number, clock: Clock): Work<number> {
  return (session) => session.change(sql.deleteUnusedEpochs, Math.floor(clock()) - KEEP_EPOCHS, String(limit));
}
