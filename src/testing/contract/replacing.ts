/**
 * Cases about `replace`, one call after another: it does all or nothing, and the old record does not count for the
 * limit.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";
import type { Admission, Replaced, ReplaceResult, ReplaceStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import type { Trial } from "./trial.ts";
import { keysOf } from "./users.ts";

/** What is left at the old key, as whoever replaces now would write it. */
export function tombstone(t: Trial): SessionRecord {
  return t.record({ payload: "replaced", expiresAt: t.now() + 600_000 });
}

/** A live record, as it can be replaced now. */
export async function replaceable(t: Trial, key: SessionKey): Promise<Replaced> {
  const found = await t.store.get(key);
  ok(found !== null, "the record to replace is there");
  return { key, version: found.version, record: tombstone(t) };
}

/** Replaces with the version that a fresh read gives. */
async function replace(
  t: Trial<ReplaceStore>,
  oldKey: SessionKey,
  key: SessionKey,
  changes: Partial<SessionRecord> = {},
  admission?: Partial<Admission>,
): Promise<ReplaceResult> {
  const epoch = admission && (await t.store.epoch(changes.userId ?? ""));
  const full = epoch === undefined ? undefined : { epoch, ...admission };
  return t.store.replace(key, t.record(changes), await replaceable(t, oldKey), full);
}

/** Fails unless the answer is as expected and both keys hold what they held. */
async function changesNothing(
  t: Trial<ReplaceStore>,
  keys: readonly SessionKey[],
  call: () => Promise<ReplaceResult>,
  expected: ReplaceResult,
): Promise<void> {
  const before = [];
  for (const key of keys) before.push(await t.store.get(key));
  equal(await call(), expected, "replace()");
  const after = [];
  for (const key of keys) after.push(await t.store.get(key));
  equal(after, before, "records after a replace() that was refused");
}

const both: readonly Case<ReplaceStore>[] = [
  {
    name: "replace() inserts the new record and leaves a tombstone at the old key",
    run: async (t) => {
      const old = await put(t, t.store, { userId: "ann", payload: "old" });
      const replaced = await replaceable(t, old);
      const [key, record] = [t.key(), t.record({ userId: "ann", payload: "new", createdAt: 5 })];
      const result = await t.store.replace(key, record, replaced);
      ok(result.status === "ok", "replace() is ok");
      equal(result.evicted, [], "evicted");
      equal(await t.store.get(key), { ...record, version: result.version }, "the new record");
      const { version, ...left } = (await t.store.get(old)) ?? { version: "" };
      equal(left, replaced.record, "what is left at the old key");
      ok(version !== replaced.version, "the old key has another version");
      equal(await keysOf(t.store, "ann"), [key], "list()");
    },
  },
  {
    name: "replace() may change the user, and a record without one",
    run: async (t) => {
      const [first, second, third] = [t.key(), t.key(), t.key()];
      const anonymous = await put(t, t.store);
      equal((await replace(t, anonymous, first, { userId: "ann" })).status, "ok", "from nobody to ann");
      equal((await replace(t, first, second, { userId: "bob" })).status, "ok", "from ann to bob");
      equal([await keysOf(t.store, "ann"), await keysOf(t.store, "bob")], [[], [second]], "listings");
      equal((await replace(t, second, third)).status, "ok", "from bob to nobody");
      equal(await keysOf(t.store, "bob"), [], "list()");
      equal((await t.store.get(third))?.userId, undefined, "userId");
    },
  },
  {
    name: "the tombstone is nobody's: deleteAll() ends the new record and leaves it",
    run: async (t) => {
      const [old, key] = [await put(t, t.store, { userId: "ann" }), t.key()];
      await replace(t, old, key, { userId: "ann" });
      equal(await t.store.deleteAll("ann", { except: old }), null, "deleteAll() that spares the tombstone");
      equal(await t.store.deleteAll("ann"), [key], "deleteAll()");
      equal((await t.store.get(old))?.payload, "replaced", "payload at the old key");
    },
  },
  {
    name: "replace() over an expired record inserts",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "bob", expiresAt: t.now() + t.short });
      await t.pass(t.short);
      const old = await put(t, t.store, { userId: "ann" });
      equal((await replace(t, old, key, { userId: "ann", payload: "new" })).status, "ok", "replace()");
      equal([await keysOf(t.store, "ann"), await keysOf(t.store, "bob")], [[key], []], "listings");
    },
  },
  {
    name: "touch() between a read and replace() does not make it conflict, and its times do not move back",
    run: async (t) => {
      const old = await put(t, t.store, { userId: "ann" });
      const replaced = await replaceable(t, old);
      const [seenAt, expiresAt] = [t.now() + 5000, t.now() + 7_200_000];
      await t.store.touch(old, seenAt, expiresAt);
      equal((await t.store.replace(t.key(), t.record(), replaced)).status, "ok", "replace()");
      const found = await t.store.get(old);
      equal([found?.payload, found?.seenAt, found?.expiresAt], ["replaced", seenAt, expiresAt], "the old record");
    },
  },
];

const refusing: readonly Case<ReplaceStore>[] = [
  {
    name: "replace() of what is not there is gone, and changes nothing",
    run: async (t) => {
      const [ended, key] = [await put(t, t.store), t.key()];
      const expired = await put(t, t.store, { expiresAt: t.now() + t.short });
      const olds = [await replaceable(t, ended), await replaceable(t, expired)];
      await t.store.delete(ended);
      await t.pass(t.short);
      const { version } = await replaceable(t, await put(t, t.store));
      for (const unknown of [t.key(), "", "no key\u0000"]) olds.push({ key: unknown, version, record: tombstone(t) });
      for (const old of olds) {
        const call = () => t.store.replace(key, t.record({ userId: "ann" }), old);
        await changesNothing(t, [key, old.key], call, { status: "gone" });
      }
      equal(await keysOf(t.store, "ann"), [], "list()");
    },
  },
  {
    name: "replace() of another version is a conflict that carries the winner, and changes nothing",
    run: async (t) => {
      const [old, key] = [await put(t, t.store, { userId: "ann" }), t.key()];
      const replaced = await replaceable(t, old);
      await t.store.update(old, t.record({ userId: "ann", payload: "winner" }), replaced.version);
      const current = await t.store.get(old);
      ok(current !== null, "the winner is there");
      const call = () => t.store.replace(key, t.record({ userId: "ann" }), replaced);
      await changesNothing(t, [key, old], call, { status: "conflict", current });
      equal(await keysOf(t.store, "ann"), [old], "list()");
    },
  },
  {
    name: "replace() at a live key, the old one too, says that it exists, and changes nothing",
    run: async (t) => {
      const [old, taken] = [await put(t, t.store, { userId: "ann" }), await put(t, t.store, { userId: "bob" })];
      for (const key of [taken, old]) {
        await changesNothing(t, [taken, old], () => replace(t, old, key), { status: "exists" });
      }
    },
  },
  {
    name: "replace() with an epoch or an instant from before deleteAll() is revoked, and changes nothing",
    run: async (t) => {
      const [old, key] = [await put(t, t.store), t.key()];
      const [epoch, at] = [await t.store.epoch("ann"), t.now() - 1000];
      await t.store.deleteAll("ann", { at });
      const replaced = await replaceable(t, old);
      const login = t.record({ userId: "ann" });
      const late = { epoch: await t.store.epoch("ann"), since: at - 1 };
      for (const admission of [{ epoch }, late]) {
        const call = () => t.store.replace(key, login, replaced, admission);
        await changesNothing(t, [key, old], call, { status: "revoked" });
      }
      equal(
        (await t.store.replace(key, login, replaced)).status,
        "ok",
        "without an admission, it is subject to nothing",
      );
    },
  },
  {
    name: "replace() judges the old record first",
    run: async (t) => {
      const [old, taken] = [await put(t, t.store), await put(t, t.store)];
      const epoch = await t.store.epoch("ann");
      await t.store.deleteAll("ann");
      const replaced = await replaceable(t, old);
      const login = t.record({ userId: "ann" });
      const call = () => t.store.replace(taken, login, replaced, { epoch, limit: 1 });
      await t.store.update(old, t.record(), replaced.version);
      equal((await call()).status, "conflict", "of another version, at a taken key, with an old epoch");
      await t.store.delete(old);
      equal((await call()).status, "gone", "of an ended record, at a taken key, with an old epoch");
    },
  },
];

const limiting: readonly Case<ReplaceStore>[] = [
  {
    name: "replace() at the limit does not count the old record",
    run: async (t) => {
      for (const onLimit of ["reject", "evict-oldest"] as const) {
        const userId = `ann ${onLimit}`;
        const other = await put(t, t.store, { userId, createdAt: t.now() + 5 });
        const old = await put(t, t.store, { userId, createdAt: 1 });
        const key = t.key();
        const result = await replace(t, old, key, { userId, createdAt: 1 }, { limit: 2, onLimit });
        ok(result.status === "ok", `replace() is ok with ${onLimit}`);
        equal(result.evicted, [], "evicted");
        equal(await keysOf(t.store, userId), [key, other], "list()");
      }
    },
  },
  {
    name: "replace() over the limit ends the oldest others, or is refused and changes nothing",
    run: async (t) => {
      const others: string[] = [];
      for (const createdAt of [1, 2, 3]) others.push(await put(t, t.store, { userId: "ann", createdAt }));
      const [old, key] = [await put(t, t.store, { userId: "ann", createdAt: 4 }), t.key()];
      const refused = () => replace(t, old, key, { userId: "ann" }, { limit: 3, onLimit: "reject" });
      await changesNothing(t, [key, old, ...others], refused, { status: "limit" });
      const result = await replace(t, old, key, { userId: "ann" }, { limit: 2, onLimit: "evict-oldest" });
      ok(result.status === "ok", "replace() is ok");
      equal([...result.evicted].sort(), others.slice(0, 2).sort(), "evicted");
      equal((await keysOf(t.store, "ann")).sort(), [others[2] as string, key].sort(), "list()");
      equal((await t.store.get(old))?.payload, "replaced", "payload at the old key");
    },
  },
];

export const replacing: Group<ReplaceStore> = { name: "replace", cases: [...both, ...refusing, ...limiting] };
