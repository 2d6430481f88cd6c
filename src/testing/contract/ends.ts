/**
 * Cases about `end`, which puts a tombstone in a record's place, and about what `watch` tells of it.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";
import type { EndStore, UpdateResult, WatchStore } from "../../stores/store.ts";
import { isUserStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { listen, told } from "./lifecycle.ts";
import { replaceable, tombstone } from "./replacing.ts";
import type { Trial } from "./trial.ts";
import { keysOf } from "./users.ts";

/** Ends with the version that a fresh read gives. */
async function end(t: Trial<EndStore>, key: SessionKey, stone?: SessionRecord): Promise<UpdateResult> {
  const { record, version } = await replaceable(t, key);
  return t.store.end(key, stone ?? record, version);
}

const both: readonly Case<EndStore>[] = [
  {
    name: "end() puts the tombstone in the record's place, with a version of its own",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      const old = (await t.store.get(key))?.version;
      const stone = tombstone(t);
      const result = await end(t, key, stone);
      ok(result.status === "ok", "end() is ok");
      ok(result.version !== old, "the version is a new one");
      equal(await t.store.get(key), { ...stone, userId: undefined, version: result.version }, "the tombstone");
    },
  },
  {
    name: "end() with an old version is a conflict that carries the winner, and changes nothing",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann" });
      const { version } = await replaceable(t, key);
      const written = await t.store.update(key, t.record({ userId: "ann", payload: "winner" }), version);
      equal(written.status, "ok", "update()");
      const current = await t.store.get(key);
      equal(await t.store.end(key, tombstone(t), version), { status: "conflict", current }, "end()");
      equal(await t.store.get(key), current, "record");
    },
  },
  {
    name: "end() of a record that is not there is gone, and inserts nothing",
    run: async (t) => {
      const [made, deleted] = [t.key(), await put(t, t.store)];
      const { version } = await replaceable(t, deleted);
      await t.store.delete(deleted);
      for (const key of [made, deleted]) {
        equal(await t.store.end(key, tombstone(t), version), { status: "gone" }, "end()");
        equal(await t.store.get(key), null, "get()");
      }
    },
  },
  {
    name: "a write of the session that was ended meanwhile is a conflict with the tombstone",
    run: async (t) => {
      const key = await put(t, t.store);
      const { version } = await replaceable(t, key);
      equal((await end(t, key)).status, "ok", "end()");
      const late = await t.store.update(key, t.record({ payload: "late" }), version);
      ok(late.status === "conflict", "update() is a conflict");
      equal(late.current.payload, tombstone(t).payload, "the winner");
    },
  },
  {
    name: "an ended session no longer counts for its user",
    run: async (t) => {
      const { store } = t;
      if (!isUserStore(store)) return;
      const [stays, ends] = [await put(t, store, { userId: "ann" }), await put(t, store, { userId: "ann" })];
      equal((await end(t, ends)).status, "ok", "end()");
      equal(await keysOf(store, "ann"), [stays], "list()");
      equal(await store.deleteAll("ann"), [stays], "deleteAll()");
      ok((await store.get(ends)) !== null, "the tombstone stays");
    },
  },
];

export const ending: Group<EndStore> = {
  name: "end",
  cases: both.map((each) => ({ ...each, needs: ["compare-and-set"] })),
};

const watching: readonly Case<EndStore & WatchStore>[] = [
  {
    name: "watch() tells of end(), once, and not of one that was a conflict or found nothing",
    needs: ["compare-and-set"],
    run: async (t) => {
      const heard: string[] = [];
      const stop = await listen(t, t.handle(1), (key) => heard.push(key));
      const [key, deleted] = [await put(t, t.store, { userId: "ann" }), t.key()];
      const { version, record } = await replaceable(t, key);
      equal((await t.store.end(deleted, record, version)).status, "gone", "end() of nothing");
      equal((await t.store.end(key, record, version)).status, "ok", "end()");
      equal((await t.store.end(key, { ...record, payload: "again" }, version)).status, "conflict", "end() again");
      await told(heard, [key], "keys told");
      stop();
    },
  },
];

export const watchEnd: Group<EndStore & WatchStore> = { name: "watch of end", cases: watching, acrossHandles: true };
