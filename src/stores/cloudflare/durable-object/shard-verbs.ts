/**
 * The part that one of several objects has in a verb: its statements, and epochs that are compared across objects.
 */
import type { SessionKey, Version } from "../../../record.ts";
import { fromText, NO_KEY, toText } from "../../parts/text.ts";
import type { SqliteStatement } from "../../sql/sqlite-statements.ts";
import { EVERYBODY, prepareAll, type RecordStatements } from "../../sql/sqlite-statements.ts";
import { end, epochOf, isOwnedBy, isRevokedSince } from "../../sql/sqlite-users.ts";
import { create } from "../../sql/sqlite-writes.ts";
import type { Epoch } from "../../store.ts";
import { TABLES } from "./storage.ts";
import type { UserRecord } from "./verbs.ts";

const { sessions, epochs, meta } = TABLES;

const texts = {
  setEpoch: `INSERT INTO ${epochs} (user_id, epoch) VALUES (?, ?)
    ON CONFLICT (user_id) DO UPDATE SET epoch = max(epoch, excluded.epoch)`,
  setEverybody: `UPDATE ${meta} SET value = max(value, ?) WHERE name = 'epoch'`,
  countOfAll: `SELECT count(*) AS count FROM ${sessions} WHERE expires_at > ?`,
  sessionsOfUser: `SELECT key, created_at FROM ${sessions} WHERE user_id = ? AND expires_at > ?`,
  endOfUser: `DELETE FROM ${sessions} WHERE key = ? AND user_id = ? AND expires_at > ? RETURNING key`,
};

export type ShardStatements = RecordStatements & { readonly [Name in keyof typeof texts]: SqliteStatement };

export function prepareShard(sql: RecordStatements, prepare: (text: string) => SqliteStatement): ShardStatements {
  return { ...sql, ...prepareAll(texts, prepare) };
}

/** A session of a user, by what it is evicted by. */
export interface Held {
  readonly key: SessionKey;
  readonly createdAt: number;
}

/** What `enter` did. */
export type Entered = { readonly status: "ok"; readonly version: Version } | { readonly status: "exists" | "revoked" };

/** What one object of several is asked; each is one transaction of that object. */
export interface ShardVerbs {
  /** Inserts, when no revocation that has reached this object is newer than the epoch. */
  enter(key: SessionKey, record: UserRecord, epoch: Epoch, since: number | null): Entered;
  isOwnedBy(key: SessionKey, userId: string): boolean;
  /** In the user's own object: begins a new epoch. */
  moveEpoch(userId: string): Epoch;
  /** In all: takes it over, and says how many of the user's sessions are to end. */
  markUser(userId: string, epoch: Epoch, except: SessionKey | null, at: number): number;
  endOfUser(userId: string, except: SessionKey | null, limit: number): readonly SessionKey[];
  moveEverybody(): Epoch;
  markEverybody(epoch: Epoch, at: number): number;
  endOfAll(limit: number): readonly SessionKey[];
  sessionsOf(userId: string): readonly Held[];
  /** Ends those of them that are live and the user's. */
  evict(userId: string, keys: readonly SessionKey[]): readonly SessionKey[];
}

/** Both counters of an epoch; they only grow. */
function counters(epoch: Epoch): readonly [everybody: number, own: number] {
  const [everybody = Number.NaN, own = Number.NaN] = epoch.split(".").map(Number);
  return [everybody, own];
}

/**
 * Whether a revocation came after the epoch was read. One that has not reached this object yet makes it greater, not
 * less.
 */
export function isBehind(epoch: Epoch, present: Epoch): boolean {
  const [everybody, own] = counters(epoch);
  const [presentEverybody, presentOwn] = counters(present);
  return !(everybody >= presentEverybody && own >= presentOwn);
}

export function shardVerbsOver(sql: ShardStatements, now: number): ShardVerbs {
  const count = (row: unknown): number => Number((row as { count: number }).count);
  return {
    enter: (key, record, epoch, since) => {
      const { userId } = record;
      const revoked = isBehind(epoch, epochOf(sql, userId)) || isRevokedSince(sql, userId, since ?? undefined);
      if (revoked) return { status: "revoked" };
      const version = create(key, record, () => now)(sql, []);
      return version === null ? { status: "exists" } : { status: "ok", version };
    },
    moveEpoch: (userId) => {
      sql.moveEpoch.run(toText(userId));
      return epochOf(sql, userId);
    },
    isOwnedBy: (key, userId) => isOwnedBy(sql, key, userId, now),
    markUser: (userId, epoch, except, at = now) => {
      sql.revoke.run(toText(userId), at);
      sql.setEpoch.run(toText(userId), counters(epoch)[1]);
      return count(sql.countOfUser.get(toText(userId), now, except === null ? NO_KEY : toText(except)));
    },
    endOfUser: (userId, except, limit) =>
      end(sql, sql.keysOfUser.all(toText(userId), now, except === null ? NO_KEY : toText(except), limit), []),
    moveEverybody: () => {
      sql.moveEverybody.run();
      return epochOf(sql, "");
    },
    markEverybody: (epoch, at = now) => {
      sql.revoke.run(EVERYBODY, at);
      sql.setEverybody.run(counters(epoch)[0]);
      return count(sql.countOfAll.get(now));
    },
    endOfAll: (limit) => end(sql, sql.keysOfAll.all(now, limit), []),
    sessionsOf: (userId) =>
      (sql.sessionsOfUser.all(toText(userId), now) as { key: string; created_at: number }[]).map((row) => ({
        key: fromText(row.key),
        createdAt: row.created_at,
      })),
    evict: (userId, keys) => keys.filter((key) => sql.endOfUser.get(toText(key), toText(userId), now) !== undefined),
  };
}
