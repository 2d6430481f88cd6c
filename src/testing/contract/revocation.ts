/**
 * Cases about `deleteAll`: which sessions it ends, how it moves the epoch, and which logins from before its instant are
 * refused; of `clear` only the last.
 */
import type { AdmitResult, UserStore } from "../../stores/store.ts";
import { isSweepStore } from "../../stores/store.ts";
import { equal, ok, show } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import type { Trial } from "./trial.ts";
import type { UserScanStore } from "./users.ts";
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
      equal([await keysOf(t.store, "ann"), await keysOf(t.store, "bob")], [[keep], [bobs]], "listings");
    },
  },
  {
    name: "deleteAll() that would spare no live session of the user answers null, and changes nothing",
    run: async (t) => {
      const mine = await put(t, t.store, { userId: "ann" });
      const [bobs, nobodys] = [await put(t, t.store, { userId: "bob" }), await put(t, t.store)];
      const ended = await put(t, t.store, { userId: "ann" });
      await t.store.delete(ended);
      const expired = await put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short });
      await t.pass(t.short);
      const epoch = await t.store.epoch("ann");
      const [later, since] = [t.now() + 60_000, t.now() + 30_000];
      for (const except of [bobs, nobodys, ended, expired, t.key(), "", "no key\u0000"]) {
        equal(await t.store.deleteAll("ann", { except, at: later }), null, `deleteAll() that spares ${show(except)}`);
      }
      equal(await keysOf(t.store, "ann"), [mine], "list()");
      equal(await t.store.epoch("ann"), epoch, "epoch");
      const result = await t.store.admit(t.key(), { ...t.record(), userId: "ann" }, { epoch, since });
      equal(result.status, "ok", "admit() of a login before the instant that was refused");
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

/** A login whose request arrived then, with the epoch of now: as over a pool that read it late. */
async function loginSince(t: Trial, store: UserStore, since: number, userId = "ann"): Promise<AdmitResult["status"]> {
  return (await admit(t, store, userId, t.key(), { since })).status;
}

const DAY = 86_400_000;

const instants: readonly Case<UserStore>[] = [
  {
    name: "admit() of a login from before the instant of deleteAll() is revoked, whatever its epoch",
    run: async (t) => {
      const at = t.now() - 1000;
      await t.store.deleteAll("ann", { at });
      equal(await loginSince(t, t.store, at - 1), "revoked", "a millisecond before");
      equal(await loginSince(t, t.store, at), "ok", "at that instant, which is left to the epoch");
      equal(await loginSince(t, t.store, at + 1), "ok", "a millisecond after");
      equal(await loginSince(t, t.store, at - 1, "bob"), "ok", "another user");
      equal((await admit(t, t.store, "ann", t.key())).status, "ok", "a login that tells no instant");
    },
  },
  {
    name: "the instant of a revocation is compared to the fraction of a millisecond",
    run: async (t) => {
      const at = Math.floor(t.now()) - 1000;
      await t.store.deleteAll("ann", { at: at + 0.5 });
      equal(await loginSince(t, t.store, at + 0.25), "revoked", "a quarter of a millisecond before");
      equal(await loginSince(t, t.store, at + 0.5), "ok", "at that instant");
      equal(await loginSince(t, t.store, at + 0.75), "ok", "a quarter of a millisecond after");
    },
  },
  {
    name: "the instant of a revocation never moves back",
    run: async (t) => {
      const at = t.now() - 1000;
      await t.store.deleteAll("ann", { at });
      await t.store.deleteAll("ann", { at: at - 500 });
      equal(await loginSince(t, t.store, at - 1), "revoked", "a login between the two instants");
    },
  },
  {
    name: "a revocation that tells no instant is of now",
    run: async (t) => {
      await t.store.deleteAll("ann");
      // Wide, for a backend may have a clock of its own.
      equal(await loginSince(t, t.store, t.now() - 60_000), "revoked", "a login from before");
      equal(await loginSince(t, t.store, t.now() + 60_000), "ok", "a login from after");
    },
  },
  {
    name: "the instant of a revocation is kept for a day",
    needs: ["injected-clock"],
    run: async (t) => {
      const began = t.now() - 1;
      await t.store.deleteAll("ann");
      await t.pass(DAY - 1000);
      await t.store.deleteAll("bob");
      if (isSweepStore(t.store)) await t.store.deleteExpired();
      equal(await loginSince(t, t.store, began), "revoked", "a login from before");
    },
  },
  {
    name: "the instant of a revocation outlives the store that told it",
    needs: ["durable"],
    run: async (t) => {
      const at = t.now() - 1000;
      await t.store.deleteAll("ann", { at });
      const again = await t.reopen();
      equal(await loginSince(t, again, at - 1), "revoked", "a login from before");
      equal(await loginSince(t, again, at + 1), "ok", "a login from after");
    },
  },
];

export const revocation: Group<UserStore> = { name: "revocation", cases: [...revoking, ...epochs, ...instants] };

const everybody: readonly Case<UserScanStore>[] = [
  {
    name: "admit() of a login from before the instant of clear() is revoked, of users never seen too",
    run: async (t) => {
      const at = t.now() - 1000;
      await put(t, t.store, { userId: "ann" });
      await t.store.clear({ at: at + 0.5 });
      for (const user of ["ann", "nobody"]) {
        equal(await loginSince(t, t.store, at, user), "revoked", "half a millisecond before");
        equal(await loginSince(t, t.store, at + 0.5, user), "ok", "at that instant");
      }
    },
  },
  {
    name: "the latest instant counts, of the user and of everybody",
    run: async (t) => {
      const at = t.now() - 10_000;
      await t.store.deleteAll("ann", { at });
      await t.store.clear({ at: at - 1000 });
      equal(await loginSince(t, t.store, at - 500), "revoked", "before the user's, after everybody's");
      equal(await loginSince(t, t.store, at - 500, "bob"), "ok", "another user");
      await t.store.clear({ at: at + 1000 });
      await t.store.deleteAll("ann", { at: at + 500 });
      equal(await loginSince(t, t.store, at + 700), "revoked", "after the user's, before everybody's");
      await t.store.clear({ at: at - 5000 });
      equal(await loginSince(t, t.store, at + 700, "bob"), "revoked", "before everybody's, which never moves back");
    },
  },
];

/** Needs `clear` as well. */
export const clearInstants: Group<UserScanStore> = { name: "instants of clear", cases: everybody };
