import type { SessionKey, SessionRecord } from "../../record.ts";

/** The reference: the contract in its plainest form, over a map, one step at a time. */
export interface Model {
  readonly records: Map<SessionKey, { readonly record: SessionRecord; readonly version: number }>;
  readonly revoked: Map<string, number>;
  /** Counts writes and revocations, so that no version and no epoch ever comes back. */
  steps: number;
  cleared: number;
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
      readonly epoch: string;
      readonly limit: number | undefined;
      readonly onLimit: "evict-oldest" | "reject";
    }
  | { readonly verb: "deleteAll"; readonly userId: string; readonly except: SessionKey | undefined }
  | { readonly verb: "clear" | "deleteExpired" };

/** What a call answered, without versions: comparable with that of a store. */
export type Outcome = string | number | boolean | null | readonly unknown[];

export function emptyModel(): Model {
  return { records: new Map(), revoked: new Map(), steps: 0, cleared: 0 };
}

export function copyOf(model: Model): Model {
  return { ...model, records: new Map(model.records), revoked: new Map(model.revoked) };
}

export function epochOf(model: Model, userId: string): string {
  return `${model.cleared}.${model.revoked.get(userId) ?? 0}`;
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
      return live.version === call.expected ? write(model, call.key, call.record) : ["conflict", facts(live.record)];
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
      return playAdmit(model, call, live !== undefined, now);
    case "deleteAll":
      model.steps += 1;
      model.revoked.set(call.userId, model.steps);
      return end(
        model,
        keysIn(model, now, call.userId).filter((key) => key !== call.except),
      );
    case "clear":
      model.steps += 1;
      model.cleared = model.steps;
      model.revoked.clear();
      return end(model, keysIn(model, now));
    case "deleteExpired":
      return end(
        model,
        [...model.records.keys()].filter((key) => !liveIn(model, key, now)),
      ).length;
  }
}

function playAdmit(model: Model, call: Operation & { verb: "admit" }, exists: boolean, now: number): Outcome {
  if (call.epoch !== epochOf(model, call.record.userId)) return "revoked";
  if (exists) return "exists";
  const present = keysIn(model, now, call.record.userId);
  const over = call.limit === undefined ? 0 : Math.max(0, present.length + 1 - call.limit);
  if (over > 0 && call.onLimit === "reject") return "limit";
  const evicted = end(model, present.slice(0, over));
  write(model, call.key, call.record);
  return ["ok", evicted];
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
