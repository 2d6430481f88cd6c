/**
 * Cases about the verbs that every store has, one call after another, and `put`, by which all groups create a record.
 */
import type { SessionRecord } from "../../record.ts";
import type { Store } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import type { Case, Group } from "./case.ts";
import { together } from "./case.ts";
import type { Trial } from "./trial.ts";

/** Creates a record and answers with its key; fails when the store refuses. */
export async function put(
  t: Trial,
  store: Store,
  changes?: Partial<SessionRecord>,
  key: string = t.key(),
): Promise<string> {
  const version = await store.create(key, t.record(changes));
  ok(version !== null, "create() of an unknown key answers with a version");
  return key;
}

const reading: readonly Case<Store>[] = [
  {
    name: "a store says its name and its consistency",
    run: async ({ store }) => {
      ok(typeof store.name === "string" && store.name.length > 0, "name is a word for messages");
      ok(["cas", "insert-update", "none"].includes(store.consistency), "consistency is one of three");
    },
  },
  {
    name: "get() of an unknown key is null",
    run: async (t) => equal(await t.store.get(t.key()), null, "get()"),
  },
  {
    name: "create() then get() gives back every field",
    run: async (t) => {
      const key = t.key();
      const record = t.record({ userId: "ann", createdAt: t.now() - 5000, seenAt: t.now() - 10 });
      const version = await t.store.create(key, record);
      equal(await t.store.get(key), { ...record, version }, "get()");
    },
  },
  {
    name: "get() of an anonymous record has no userId",
    run: async (t) => {
      const found = await t.store.get(await put(t, t.store));
      equal(found?.userId, undefined, "userId");
    },
  },
  {
    name: "what was handed in or out can be changed without changing the store",
    run: async (t) => {
      const record = { ...t.record({ payload: "a" }) };
      const key = t.key();
      await t.store.create(key, record);
      record.payload = "changed by the caller";
      const found = (await t.store.get(key)) as { payload: string } | null;
      equal(found?.payload, "a", "payload after the caller changed its object");
      if (found && !Object.isFrozen(found)) found.payload = "changed by the reader";
      equal((await t.store.get(key))?.payload, "a", "payload after the reader changed its object");
    },
  },
  {
    name: "two hundred records do not mix",
    run: async (t) => {
      const keys = await together(200, (index) => put(t, t.store, { payload: `p${index}` }));
      const found = await together(200, (index) => t.store.get(keys[index] as string));
      equal(
        found.map((record) => record?.payload),
        keys.map((_, index) => `p${index}`),
        "payloads",
      );
    },
  },
  {
    name: "a store over another backend sees nothing of this one",
    run: async (t) => {
      const other = await t.isolated();
      const key = await put(t, t.store, { payload: "mine" });
      equal(await other.get(key), null, "get() in the other");
      equal(await other.delete(key), false, "delete() in the other");
      ok((await other.create(key, t.record({ payload: "theirs" }))) !== null, "create() in the other");
      equal((await t.store.get(key))?.payload, "mine", "payload in the first");
    },
  },
  {
    name: "records outlive the store that wrote them",
    needs: ["durable"],
    run: async (t) => {
      const key = t.key();
      const record = t.record({ userId: "ann", payload: "ünïcode \u{1f36a}" });
      const version = await t.store.create(key, record);
      const again = await t.reopen();
      equal(await again.get(key), { ...record, version }, "get() after reopening");
    },
  },
];

const writing: readonly Case<Store>[] = [
  {
    name: "create() inserts only, and leaves a live record as it is",
    needs: ["insert-update"],
    run: async (t) => {
      const key = await put(t, t.store, { payload: "first", userId: "ann" });
      const before = await t.store.get(key);
      equal(await t.store.create(key, t.record({ payload: "second" })), null, "create() of a live key");
      equal(await t.store.get(key), before, "record");
    },
  },
  {
    name: "create() after delete() works",
    run: async (t) => {
      const key = await put(t, t.store, { payload: "first", userId: "ann" });
      await t.store.delete(key);
      await put(t, t.store, { payload: "second" }, key);
      const found = await t.store.get(key);
      equal([found?.payload, found?.userId], ["second", undefined], "record");
    },
  },
  {
    name: "update() replaces the whole record, an earlier deadline too",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      const before = await t.store.get(key);
      ok(before !== null, "the record is there");
      const next = t.record({ payload: "new", createdAt: 1, seenAt: t.now() + 5, expiresAt: t.now() + 1_800_000 });
      const result = await t.store.update(key, next, before.version);
      ok(result.status === "ok", "update() with the version that was read is ok");
      equal(await t.store.get(key), { ...next, version: result.version }, "record");
    },
  },
  {
    name: "update() of an unknown key is gone, and inserts nothing",
    needs: ["insert-update"],
    run: async (t) => {
      const version = (await t.store.get(await put(t, t.store)))?.version;
      ok(version !== undefined, "the record is there");
      const key = t.key();
      equal(await t.store.update(key, t.record(), version), { status: "gone" }, "update()");
      equal(await t.store.get(key), null, "get()");
    },
  },
  {
    name: "touch() moves seenAt and expiresAt and nothing else",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      const before = await t.store.get(key);
      const [seenAt, expiresAt] = [t.now() + 1000, t.now() + 7_200_000];
      equal(await t.store.touch(key, seenAt, expiresAt), true, "touch()");
      equal(await t.store.get(key), { ...before, seenAt, expiresAt }, "record, its version included");
    },
  },
  {
    name: "touch() never moves a time back",
    run: async (t) => {
      const key = await put(t, t.store);
      const before = await t.store.get(key);
      equal(await t.store.touch(key, t.now() - 1000, t.now() + 1000), true, "touch() of a live record");
      equal(await t.store.get(key), before, "record");
      const later = t.now() + 7_200_000;
      equal(await t.store.touch(key, t.now() - 1000, later), true, "touch()");
      equal(await t.store.get(key), { ...before, expiresAt: later }, "each time is judged by itself");
    },
  },
  {
    name: "update() never moves seenAt back: where a touch came between, the later deadline stays as well",
    needs: ["insert-update"],
    run: async (t) => {
      const [now, key] = [t.now(), await put(t, t.store, { payload: "first" })];
      const write = async (seenAt: number, expiresAt: number): Promise<readonly (number | undefined)[]> => {
        const version = (await t.store.get(key))?.version ?? "";
        const result = await t.store.update(key, t.record({ payload: "written", seenAt, expiresAt }), version);
        equal(result.status, "ok", "update()");
        const found = await t.store.get(key);
        equal(found?.payload, "written", "payload");
        return [found?.seenAt, found?.expiresAt];
      };
      await t.store.touch(key, now + 2000, now + 7_200_000);
      equal(await write(now + 1000, now + 3_600_000), [now + 2000, now + 7_200_000], "times of an earlier use");
      equal(await write(now + 1000, now + 9_000_000), [now + 2000, now + 9_000_000], "each time is judged by itself");
      equal(await write(now + 2000, now + 3_600_000), [now + 2000, now + 3_600_000], "times of a use as late");
      equal(await write(now + 3000, now + 1_800_000), [now + 3000, now + 1_800_000], "times of a later use");
    },
  },
  {
    name: "touch() of an unknown key is false, and inserts nothing",
    run: async (t) => {
      const key = t.key();
      equal(await t.store.touch(key, t.now(), t.now() + 1000), false, "touch()");
      equal(await t.store.get(key), null, "get()");
    },
  },
  {
    name: "delete() removes, says whether a live record was there, and can be repeated",
    run: async (t) => {
      const [key, neighbour] = [await put(t, t.store), await put(t, t.store)];
      equal(await t.store.delete(t.key()), false, "delete() of an unknown key");
      equal(await t.store.delete(key), true, "the first delete()");
      equal(await t.store.delete(key), false, "the second delete()");
      equal(await t.store.get(key), null, "get()");
      ok((await t.store.get(neighbour)) !== null, "another record is left alone");
    },
  },
  {
    name: "touch() and update() after delete() do not bring the record back",
    needs: ["insert-update"],
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      const before = await t.store.get(key);
      ok(before !== null, "the record is there");
      await t.store.delete(key);
      equal(await t.store.touch(key, t.now(), t.now() + 9_000_000), false, "touch()");
      equal(await t.store.update(key, t.record(), before.version), { status: "gone" }, "update()");
      equal(await t.store.get(key), null, "get()");
    },
  },
];

export const basics: Group<Store> = { name: "basics", cases: [...reading, ...writing] };
