/**
 * Cases about versions, one call after another: only the present one writes, every write makes a new one, and `touch`
 * leaves it alone.
 */
import type { Version } from "../../record.ts";
import type { Store } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import type { Trial } from "./trial.ts";

async function versionOf(store: Store, key: string): Promise<Version> {
  const found = await store.get(key);
  ok(found !== null, "the record is there");
  return found.version;
}

/** Updates with the version that a fresh read gives; answers with the new one. */
async function write(t: Trial, key: string, payload: string): Promise<Version> {
  const result = await t.store.update(key, t.record({ payload }), await versionOf(t.store, key));
  ok(result.status === "ok", "update() with the version that was read is ok");
  return result.version;
}

const cases: readonly Case<Store>[] = [
  {
    name: "update() with an old version is a conflict that carries the winner, and changes nothing",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      const old = await versionOf(t.store, key);
      await write(t, key, "winner");
      const current = await t.store.get(key);
      const late = await t.store.update(key, t.record({ payload: "loser" }), old);
      equal(late, { status: "conflict", current }, "update()");
      equal(await t.store.get(key), current, "record");
    },
  },
  {
    name: "update() with the version from a conflict is ok",
    run: async (t) => {
      const key = await put(t, t.store);
      const old = await versionOf(t.store, key);
      await write(t, key, "winner");
      const late = await t.store.update(key, t.record(), old);
      ok(late.status === "conflict", "update() with an old version is a conflict");
      const again = await t.store.update(key, t.record({ payload: "retry" }), late.current.version);
      equal(again.status, "ok", "the retry");
      equal((await t.store.get(key))?.payload, "retry", "payload");
    },
  },
  {
    name: "every write changes the version, one that changes nothing else too",
    run: async (t) => {
      const key = await put(t, t.store, { payload: "same" });
      const seen = [await versionOf(t.store, key)];
      for (let turn = 0; turn < 20; turn++) seen.push(await write(t, key, "same"));
      equal(new Set(seen).size, 21, "different versions");
      equal(await versionOf(t.store, key), seen.at(-1), "the version that update() answered");
    },
  },
  {
    name: "update() after delete() is gone",
    run: async (t) => {
      const key = await put(t, t.store);
      const version = await versionOf(t.store, key);
      await t.store.delete(key);
      equal(await t.store.update(key, t.record(), version), { status: "gone" }, "update()");
      equal(await t.store.get(key), null, "get()");
    },
  },
  {
    name: "a version from before delete() does not fit the record created after it",
    run: async (t) => {
      const key = await put(t, t.store, { payload: "first" });
      const version = await versionOf(t.store, key);
      await t.store.delete(key);
      await put(t, t.store, { payload: "second" }, key);
      equal((await t.store.update(key, t.record({ payload: "late" }), version)).status, "conflict", "update()");
      equal((await t.store.get(key))?.payload, "second", "payload");
    },
  },
  {
    name: "touch() between a read and its write does not make the write conflict",
    run: async (t) => {
      const key = await put(t, t.store, { payload: "read" });
      const version = await versionOf(t.store, key);
      equal(await t.store.touch(key, t.now() + 1, t.now() + 7_200_000), true, "touch()");
      equal((await t.store.update(key, t.record({ payload: "written" }), version)).status, "ok", "update()");
      equal((await t.store.get(key))?.payload, "written", "payload");
    },
  },
  {
    name: "touch() after a write keeps what was written and its version",
    run: async (t) => {
      const key = await put(t, t.store);
      const version = await write(t, key, "written");
      const expiresAt = t.now() + 7_200_000;
      equal(await t.store.touch(key, t.now(), expiresAt), true, "touch()");
      const found = await t.store.get(key);
      equal([found?.payload, found?.version, found?.expiresAt], ["written", version, expiresAt], "record");
    },
  },
  {
    name: "versions outlive the store that gave them",
    needs: ["durable"],
    run: async (t) => {
      const key = await put(t, t.store);
      const old = await versionOf(t.store, key);
      const fresh = await write(t, key, "before");
      const again = await t.reopen();
      equal((await again.update(key, t.record(), old)).status, "conflict", "update() with an old version");
      equal((await again.update(key, t.record({ payload: "after" }), fresh)).status, "ok", "update()");
      equal((await again.get(key))?.payload, "after", "payload");
    },
  },
];

export const compareAndSet: Group<Store> = {
  name: "compare-and-set",
  cases: cases.map((each) => ({ ...each, needs: ["compare-and-set", ...(each.needs ?? [])] })),
};
