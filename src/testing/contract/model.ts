/**
 * The reference: the contract in its plainest form, over a map, one step at a time.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";

/** What the reference holds. */
export interface Model {
  readonly records: Map<SessionKey, { readonly record: SessionRecord; readonly version: number }>;
  /** Each user's last revocation, as a step, and the latest instant of all of them. */
  readonly revoked: Map<string, Revocation>;
  /** Counts writes and revocations, so that no version and no epoch ever comes back. */
  steps: number;
  /** Everybody's. */
  cleared: Revocation;
}

interface Revocation {
  readonly step: number;
  readonly at: number;
}

/** What an insert is subject to, in the model's own epochs. */
export interface Entrance {
  readonly epoch: string;
  readonly since: number | undefined;
  readonly limit: number | undefined;
  readonly onLimit: "evict-oldest" | "reject";
}

/** A call, in the model's own versions and epochs. */
export type Operation =
  | { readonly verb: "get" | "delete"; readonly key: SessionKey }
  | { readonly verb: "create"; readonly key: SessionKey; readonly record: SessionRecord }
  | { readonly verb: "update"; readonly key: SessionKey; readonly record: SessionRecord; readonly expected: number }
  | { readonly verb: "touch"; readonly key: SessionKey; readonly seenAt: number; readonly expiresAt: number }
  | {
      readonly verb: "admit";
      readonly key: SessionKey;
      readonly record: SessionRecord & { readonly userId: string };
      readonly entrance: Entrance;
    }
  | {
      readonly verb: "replace";
      readonly key: SessionKey;
      readonly record: SessionRecord;
      readonly old: { readonly key: SessionKey; readonly expected: number; readonly record: SessionRecord };
      /** Only with a user. */
      readonly entrance: Entrance | undefined;
    }
  | {
      readonly verb: "deleteAll";
      readonly userId: string;
      readonly except: SessionKey | undefined;
      readonly at: number;
    }
  | { readonly verb: "clear"; readonly at: number }
  | { readonly verb: "deleteExpired" };

/** What a call answered, without versions: comparable with that of a store. */
export type Outcome = string | number | boolean | null | readonly unknown[];

const NEVER: Revocation = { step: 0, at: Number.NEGATIVE_INFINITY };

export function emptyModel(): Model {
  return { records: new Map(), revoked: new Map(), steps: 0, cleared: NEVER };
}

export function copyOf(model: Model): Model {
  return { ...model, records: new Map(model.records), revoked: new Map(model.revoked) };
}

export function epochOf(model: Model, userId: string): string {
  return `${model.cleared.step}.${model.revoked.get(userId)?.step ?? 0}`;
}

/** The live record of a key, and its version in the model. */
export function liveIn(
  model: Model,
  key: SessionKey,
  now: number,
): { readonly record: SessionRecord; readonly version: number } | undefined {
  const found = model.records.get(key);
  return found && found.record.expiresAt > now ? found : undefined;
}

/** A user's live keys in the order of the listing; everybody's when no user is named. */
export function keysIn(model: Model, now: number, userId?: string): SessionKey[] {
  return [...model.records]
    .filter(([, { record }]) => record.expiresAt > now && (userId === undefined || record.userId === userId))
    .sort(([a, left], [b, right]) => left.record.createdAt - right.record.createdAt || (a < b ? -1 : 1))
    .map(([key]) => key);
}

/** Plays one call on the model, and says what it must answer. */
export function play(model: Model, call: Operation, now: number): Outcome {
  const live = "key" in call ? liveIn(model, call.key, now) : undefined;
  switch (call.verb) {
    case "get":
      return live ? facts(live.record) : null;
    case "create":
      return live ? null : write(model, call.key, call.record);
    case "update":
      if (!live) return "gone";
      if (live.version !== call.expected) return ["conflict", facts(live.record)];
      return write(model, call.key, over(live.record, call.record));
    case "touch":
      if (!live) return false;
      model.records.set(call.key, {
        version: live.version,
        record: {
          ...live.record,
          seenAt: Math.max(live.record.seenAt, call.seenAt),
          expiresAt: Math.max(live.record.expiresAt, call.expiresAt),
        },
      });
      return true;
    case "delete":
      // An expired record stays until it is collected or replaced, which only deleteExpired's count shows.
      if (live) model.records.delete(call.key);
      return live !== undefined;
    case "admit":
      return insert(model, call, call.entrance, now);
    case "replace":
      return playReplace(model, call, now);
    case "deleteAll":
      return playDeleteAll(model, call, now);
    case "clear":
      model.cleared = revocation(model, model.cleared, call.at);
      return end(model, keysIn(model, now));
    case "deleteExpired":
      return end(
        model,
        [...model.records.keys()].filter((key) => !liveIn(model, key, now)),
      ).length;
  }
}

/** The step counts up, the instant never moves back. */
function revocation(model: Model, before: Revocation | undefined, at: number): Revocation {
  model.steps += 1;
  return { step: model.steps, at: Math.max(at, before?.at ?? at) };
}

function playDeleteAll(model: Model, call: Operation & { verb: "deleteAll" }, now: number): Outcome {
  const { userId, except, at } = call;
  if (except !== undefined && liveIn(model, except, now)?.record.userId !== userId) return "refused";
  model.revoked.set(userId, revocation(model, model.revoked.get(userId), at));
  return end(
    model,
    keysIn(model, now, userId).filter((key) => key !== except),
  );
}

/** The old record is judged first; nothing has changed unless all of it has. */
function playReplace(model: Model, call: Operation & { verb: "replace" }, now: number): Outcome {
  const live = liveIn(model, call.old.key, now);
  if (!live) return "gone";
  if (live.version !== call.old.expected) return ["conflict", facts(live.record)];
  const outcome = insert(model, call, call.entrance, now, call.old.key);
  if (typeof outcome !== "string") write(model, call.old.key, over(live.record, call.old.record));
  return outcome;
}

/** @param instead The key of a record that does not count for the limit. */
function insert(
  model: Model,
  { key, record }: { readonly key: SessionKey; readonly record: SessionRecord },
  entrance: Entrance | undefined,
  now: number,
  instead?: SessionKey,
): "revoked" | "exists" | "limit" | readonly unknown[] {
  const { userId = "" } = record;
  if (entrance && isRevoked(model, userId, entrance)) return "revoked";
  if (liveIn(model, key, now)) return "exists";
  const present = entrance ? keysIn(model, now, userId).filter((each) => each !== instead) : [];
  const over = entrance?.limit === undefined ? 0 : Math.max(0, present.length + 1 - entrance.limit);
  if (over > 0 && entrance?.onLimit === "reject") return "limit";
  const evicted = end(model, present.slice(0, over));
  write(model, key, record);
  return ["ok", evicted];
}

function isRevoked(model: Model, userId: string, { epoch, since }: Entrance): boolean {
  if (epoch !== epochOf(model, userId)) return true;
  return since !== undefined && since < Math.max(model.cleared.at, model.revoked.get(userId)?.at ?? since);
}

/** What is written over a record: when the record was used later than the writer knew, its times stay. */
function over(before: SessionRecord, record: SessionRecord): SessionRecord {
  if (record.seenAt >= before.seenAt) return record;
  return { ...record, seenAt: before.seenAt, expiresAt: Math.max(before.expiresAt, record.expiresAt) };
}

function write(model: Model, key: SessionKey, record: SessionRecord): "ok" {
  model.steps += 1;
  model.records.set(key, { record, version: model.steps });
  return "ok";
}

function end(model: Model, keys: SessionKey[]): SessionKey[] {
  for (const key of keys) model.records.delete(key);
  return keys.sort();
}

/** A record's fields but its version, in one order. */
export function facts(record: SessionRecord): readonly unknown[] {
  return [record.payload, record.userId ?? null, record.createdAt, record.seenAt, record.expiresAt];
}
