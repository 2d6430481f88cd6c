/** Which call comes next in a random run, and how it is said to the store. */
import type { SessionKey, SessionRecord, Version } from "../../record.ts";
import type { Admission, Epoch, Store } from "../../stores/store.ts";
import { isReplaceStore, isScanStore, isSweepStore, isUserStore } from "../../stores/store.ts";
import { ok } from "../assert.ts";
import type { Random } from "../random.ts";
import type { Entrance, Model, Operation, Outcome } from "./model.ts";
import { epochOf, facts, liveIn } from "./model.ts";
import type { Trial } from "./trial.ts";

export const USERS = ["ann", "bob"] as const;

/** The store, the model, and how to say the model's versions and epochs to the store. */
export interface Known {
  readonly t: Trial;
  readonly random: Random;
  readonly keys: readonly SessionKey[];
  /** When the run began. Instants of logins and revocations are near to it, and so never of two clocks. */
  readonly begun: number;
  readonly versions: Map<number, Version>;
  readonly epochs: Map<string, Epoch>;
  /** Whether time passes; else everything lives for an hour. */
  readonly timed: boolean;
  model: Model;
}

const BULK: readonly string[] = ["deleteAll", "clear", "deleteExpired"];

export function nextCall(known: Known, others: readonly Operation[]): Operation {
  const { t, random, keys } = known;
  const key = random.pick(keys);
  const record = someRecord(known);
  const bulk = others.some((other) => BULK.includes(other.verb));
  const chance = random.below(100);
  if (chance < 10 && !bulk && isUserStore(t.store)) {
    return {
      verb: "deleteAll",
      userId: random.pick(USERS),
      except: random.pick([undefined, key]),
      at: someTime(known),
    };
  }
  if (chance < 12 && !bulk && isScanStore(t.store)) return { verb: "clear", at: someTime(known) };
  if (chance < 16 && !bulk && isSweepStore(t.store)) return { verb: "deleteExpired" };
  if (chance < 28 && isUserStore(t.store)) {
    const userId = random.pick(USERS);
    return { verb: "admit", key, record: { ...record, userId }, entrance: someEntrance(known, userId) };
  }
  if (chance < 38 && isReplaceStore(t.store)) return someReplacement(known, key, record);
  if (chance < 52) return { verb: "create", key, record };
  if (chance < 70) return { verb: "update", key, record, expected: someVersion(known, key) };
  if (chance < 82) return { verb: "touch", key, seenAt: record.seenAt, expiresAt: record.expiresAt };
  return { verb: chance < 91 ? "get" : "delete", key };
}

function someRecord({ t, random, timed }: Known): SessionRecord {
  return {
    payload: `p${random.below(1000)}`,
    userId: random.pick([undefined, ...USERS]),
    createdAt: t.now() - random.below(5),
    seenAt: t.now() + random.below(3) - 1,
    expiresAt: t.now() + (timed ? random.pick([0, 10, 60, 150, 100_000]) : 3_600_000),
  };
}

function someReplacement(known: Known, key: SessionKey, record: SessionRecord): Operation {
  const { random, keys } = known;
  const old = random.pick(keys);
  const entrance = record.userId !== undefined && random.chance(0.7) ? someEntrance(known, record.userId) : undefined;
  const tombstone = { ...someRecord(known), payload: "replaced", userId: undefined };
  return {
    verb: "replace",
    key,
    record,
    old: { key: old, expected: someVersion(known, old), record: tombstone },
    entrance,
  };
}

function someEntrance(known: Known, userId: string): Entrance {
  const { random, epochs, model } = known;
  const seen = [...epochs.keys()].filter((each) => each.startsWith(`${userId} `));
  const stale = random.pick(seen).slice(userId.length + 1);
  return {
    epoch: random.chance(0.8) ? epochOf(model, userId) : stale,
    since: random.pick([undefined, undefined, someTime(known), known.begun + 10.5]),
    limit: random.pick([undefined, 1, 2]),
    onLimit: random.pick(["evict-oldest", "reject"] as const),
  };
}

function someTime({ random, begun }: Known): number {
  return begun + random.below(11) + random.pick([0, 0.25]);
}

/** The present version of a key, or now and then any that was ever seen. */
function someVersion({ random, model, t, versions }: Known, key: SessionKey): number {
  const present = liveIn(model, key, t.now())?.version;
  if (present !== undefined && random.chance(0.8)) return present;
  return versions.size === 0 ? 0 : random.pick([...versions.keys()]);
}

/** Makes the call, and answers in the model's words. */
export async function perform(known: Known, store: Store, call: Operation): Promise<Outcome> {
  switch (call.verb) {
    case "get": {
      const found = await store.get(call.key);
      return found && facts(found);
    }
    case "create":
      return (await store.create(call.key, call.record)) === null ? null : "ok";
    case "update": {
      const result = await store.update(call.key, call.record, known.versions.get(call.expected) ?? "");
      return result.status === "conflict" ? ["conflict", facts(result.current)] : result.status;
    }
    case "touch":
      return store.touch(call.key, call.seenAt, call.expiresAt);
    case "delete":
      return store.delete(call.key);
    default:
      return performMany(known, store, call);
  }
}

async function performMany(known: Known, store: Store, call: Operation): Promise<Outcome> {
  if (call.verb === "admit" && isUserStore(store)) {
    const { key, record, entrance } = call;
    const result = await store.admit(key, record, admissionOf(known, record.userId, entrance));
    return result.status === "ok" ? ["ok", [...result.evicted].sort()] : result.status;
  }
  if (call.verb === "replace" && isReplaceStore(store)) {
    const { key, record, old, entrance } = call;
    const replaced = { key: old.key, version: known.versions.get(old.expected) ?? "", record: old.record };
    const admission = entrance && admissionOf(known, record.userId ?? "", entrance);
    const result = await store.replace(key, record, replaced, admission);
    if (result.status === "conflict") return ["conflict", facts(result.current)];
    return result.status === "ok" ? ["ok", [...result.evicted].sort()] : result.status;
  }
  if (call.verb === "deleteAll" && isUserStore(store)) {
    const ended = await store.deleteAll(call.userId, { except: call.except, at: call.at });
    return ended === null ? "refused" : [...ended].sort();
  }
  if (call.verb === "clear" && isScanStore(store)) return [...(await store.clear({ at: call.at }))].sort();
  ok(call.verb === "deleteExpired" && isSweepStore(store), "only verbs that the store has are called");
  return store.deleteExpired();
}

function admissionOf(known: Known, userId: string, { epoch, ...rest }: Entrance): Admission {
  return { epoch: known.epochs.get(`${userId} ${epoch}`) ?? "", ...rest };
}
