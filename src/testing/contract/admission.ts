import type { UserStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { admit, keysOf } from "./users.ts";

const revoking: readonly Case<UserStore>[] = [
  {
    name: "deleteAll() ends a user's sessions, answers with their keys, and leaves all others",
    run: async (t) => {
      const mine = [await put(t, t.store, { userId: "ann" }), await put(t, t.store, { userId: "ann" })];
      const others = [await put(t, t.store, { userId: "bob" }), await put(t, t.store)];
      equal([...((await t.store.deleteAll("ann")) ?? [])].sort(), mine.sort(), "deleteAll()");
      for (const key of mine) equal(await t.store.get(key), null, "get() of a revoked session");
      for (const key of others) ok((await t.store.get(key)) !== null, "another session is left alone");
      equal(await keysOf(t.store, "ann"), [], "list()");
      equal(await t.store.deleteAll("ann"), [], "deleteAll() again");
    },
  },
  {
    name: "deleteAll() spares `except`, when it is the user's",
    run: async (t) => {
      const keep = await put(t, t.store, { userId: "ann" });
      const end = await put(t, t.store, { userId: "ann" });
      const bobs = await put(t, t.store, { userId: "bob" });
      equal(await t.store.deleteAll("ann", { except: keep }), [end], "deleteAll()");
      equal(await keysOf(t.store, "ann"), [keep], "list()");
      equal(await t.store.deleteAll("ann", { except: bobs }), null, "deleteAll() that spares another's");
      equal(await keysOf(t.store, "ann"), [keep], "list() after a deleteAll() that was refused");
    },
  },
  {
    name: "deleteAll() ends no more than `limit`; fewer than that means that none is left",
    run: async (t) => {
      const keep = await put(t, t.store, { userId: "ann", createdAt: 1 });
      const all = new Set<string>();
      for (let count = 0; count < 7; count++) all.add(await put(t, t.store, { userId: "ann", createdAt: 2 + count }));
      const ended: string[] = [];
      for (let size = 3; size === 3; ) {
        const keys = (await t.store.deleteAll("ann", { except: keep, limit: 3 })) ?? [];
        size = keys.length;
        ok(size <= 3, "deleteAll() ends no more than it was told");
        ended.push(...keys);
      }
      equal(ended.sort(), [...all].sort(), "keys over all calls");
      equal(await keysOf(t.store, "ann"), [keep], "list()");
    },
  },
  {
    name: "deleteAll() does not count sessions that ended or expired before",
    run: async (t) => {
      await t.store.delete(await put(t, t.store, { userId: "ann" }));
      await put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short });
      await t.pass(t.short);
      equal(await t.store.deleteAll("ann"), [], "deleteAll()");
    },
  },
];

const epochs: readonly Case<UserStore>[] = [
  {
    name: "the epoch stays while nobody is revoked",
    run: async (t) => {
      const epoch = await t.store.epoch("ann");
      equal(typeof epoch, "string", "type of the epoch");
      const key = await put(t, t.store, { userId: "ann" });
      await t.store.touch(key, t.now(), t.now() + 7_200_000);
      await admit(t, t.store, "ann", t.key(), { limit: 1, onLimit: "evict-oldest" });
      await t.store.delete(key);
      await t.store.deleteAll("bob");
      equal(await t.store.epoch("ann"), epoch, "epoch");
    },
  },
  {
    name: "deleteAll() moves the user's epoch every time, with sessions, without and with `except`",
    run: async (t) => {
      const seen = [await t.store.epoch("ann")];
      for (const options of [{}, { except: t.key() }, { limit: 1 }]) {
        if (options.except !== undefined) await put(t, t.store, { userId: "ann" }, options.except);
        ok((await t.store.deleteAll("ann", options)) !== null, "deleteAll() that spares a live session");
        seen.push(await t.store.epoch("ann"));
      }
      equal(new Set(seen).size, 4, "different epochs");
    },
  },
  {
    name: "a revocation outlives the store that made it",
    needs: ["durable"],
    run: async (t) => {
      const epoch = await t.store.epoch("ann");
      await t.store.deleteAll("ann");
      const moved = await t.store.epoch("ann");
      const again = await t.reopen();
      equal(await again.epoch("ann"), moved, "epoch");
      const late = await again.admit(t.key(), { ...t.record(), userId: "ann" }, { epoch });
      equal(late, { status: "revoked" }, "admit() with the epoch from before");
    },
  },
];

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
  cases: [...revoking, ...epochs, ...admitting, ...limiting],
};
