/**
 * Cases about `admit`, one call after another: it inserts, refuses what exists or was revoked, and keeps the user
 * within the limit.
 */
import type { UserStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { admit, keysOf } from "./users.ts";

const admitting: readonly Case<UserStore>[] = [
  {
    name: "admit() inserts, and answers with the version",
    run: async (t) => {
      const key = t.key();
      const record = { ...t.record(), userId: "ann" };
      const result = await t.store.admit(key, record, { epoch: await t.store.epoch("ann") });
      ok(result.status === "ok", "admit() is ok");
      equal(result.evicted, [], "evicted");
      equal(await t.store.get(key), { ...record, version: result.version }, "record");
    },
  },
  {
    name: "admit() of a live key says that it exists, and changes and evicts nothing",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann", payload: "first" });
      const result = await admit(t, t.store, "ann", key, { limit: 2, onLimit: "evict-oldest" });
      equal(result, { status: "exists" }, "admit()");
      equal((await t.store.get(key))?.payload, "first", "payload");
    },
  },
  {
    name: "admit() over an expired record inserts",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "bob", payload: "old", expiresAt: t.now() + t.short });
      await t.pass(t.short);
      equal((await admit(t, t.store, "ann", key, { record: { payload: "new" } })).status, "ok", "admit()");
      equal([await keysOf(t.store, "ann"), await keysOf(t.store, "bob")], [[key], []], "listings");
    },
  },
  {
    name: "admit() with an epoch from before deleteAll() is revoked, and inserts nothing",
    run: async (t) => {
      const epoch = await t.store.epoch("ann");
      await t.store.deleteAll("ann");
      const key = t.key();
      equal(await t.store.admit(key, { ...t.record(), userId: "ann" }, { epoch }), { status: "revoked" }, "admit()");
      equal(await t.store.get(key), null, "get()");
      equal((await admit(t, t.store, "ann", key)).status, "ok", "admit() with the present epoch");
    },
  },
];

const limiting: readonly Case<UserStore>[] = [
  {
    name: "admit() at the limit ends the oldest, and says which",
    run: async (t) => {
      const others = [await put(t, t.store, { userId: "bob", createdAt: 1 }), await put(t, t.store, { createdAt: 1 })];
      const old: string[] = [];
      for (const createdAt of [3000, 1000, 2000]) old.push(await put(t, t.store, { userId: "ann", createdAt }));
      const [newest, oldest, middle] = old as [string, string, string];
      const key = t.key();
      const result = await admit(t, t.store, "ann", key, { limit: 3, onLimit: "evict-oldest" });
      ok(result.status === "ok", "admit() is ok");
      equal(result.evicted, [oldest], "evicted");
      equal(await t.store.get(oldest), null, "get() of the oldest");
      equal(await keysOf(t.store, "ann"), [middle, newest, key], "list()");
      for (const other of others) ok((await t.store.get(other)) !== null, "another session is left alone");
    },
  },
  {
    name: "admit() far over the limit ends as many as it takes, but never the new one",
    run: async (t) => {
      const old: string[] = [];
      for (let count = 0; count < 5; count++) old.push(await put(t, t.store, { userId: "ann", createdAt: 10 + count }));
      const key = t.key();
      const options = { limit: 2, onLimit: "evict-oldest", record: { createdAt: 1 } } as const;
      const result = await admit(t, t.store, "ann", key, options);
      ok(result.status === "ok", "admit() is ok");
      equal([...result.evicted].sort(), old.slice(0, 4).sort(), "evicted");
      equal(await keysOf(t.store, "ann"), [key, old[4]], "list()");
    },
  },
  {
    name: "admit() that rejects at the limit inserts and ends nothing",
    run: async (t) => {
      const first = await put(t, t.store, { userId: "ann" });
      const key = t.key();
      equal((await admit(t, t.store, "ann", key, { limit: 2, onLimit: "reject" })).status, "ok", "admit() below it");
      const refused = t.key();
      equal(await admit(t, t.store, "ann", refused, { limit: 2, onLimit: "reject" }), { status: "limit" }, "at it");
      equal(await t.store.get(refused), null, "get()");
      equal((await keysOf(t.store, "ann")).sort(), [first, key].sort(), "list()");
      await t.store.delete(first);
      equal((await admit(t, t.store, "ann", refused, { limit: 2, onLimit: "reject" })).status, "ok", "room again");
    },
  },
  {
    name: "the limit counts live sessions of this user only",
    run: async (t) => {
      await put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short });
      await t.store.delete(await put(t, t.store, { userId: "ann" }));
      await put(t, t.store, { userId: "bob" });
      await put(t, t.store);
      await t.pass(t.short);
      equal((await admit(t, t.store, "ann", t.key(), { limit: 1, onLimit: "reject" })).status, "ok", "admit()");
    },
  },
];

export const admission: Group<UserStore> = {
  name: "admission",
  cases: [...admitting, ...limiting],
};
