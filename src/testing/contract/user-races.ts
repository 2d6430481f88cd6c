/**
 * Cases in which logins meet evictions and revocations: limits are exact, no login that began before survives, and
 * `clear` revokes everybody.
 */
import type { UserStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { together } from "./case.ts";
import type { UserScanStore } from "./users.ts";
import { admit, keysOf } from "./users.ts";

const cases: readonly Case<UserStore>[] = [
  {
    name: "20 parallel admit() that evict never leave more than the limit",
    run: async (t) => {
      const options = { limit: 3, onLimit: "evict-oldest" } as const;
      const results = await together(20, (index) =>
        admit(t, t.handle(index), "ann", t.key(), { ...options, record: { createdAt: 1000 + index } }),
      );
      const evicted = results.flatMap((result) => (result.status === "ok" ? result.evicted : []));
      equal(results.filter((result) => result.status === "ok").length, 20, "admitted");
      equal((await keysOf(t.store, "ann")).length, 3, "sessions in the end");
      equal([evicted.length, new Set(evicted).size], [17, 17], "evicted, each told once");
    },
  },
  {
    name: "of 20 parallel admit() that reject, as many as the limit get in",
    run: async (t) => {
      const results = await together(20, (index) =>
        admit(t, t.handle(index), "ann", t.key(), { limit: 3, onLimit: "reject" }),
      );
      equal(results.filter((result) => result.status === "ok").length, 3, "admitted");
      equal(results.filter((result) => result.status === "limit").length, 17, "refused");
      equal((await keysOf(t.store, "ann")).length, 3, "sessions in the end");
    },
  },
  {
    name: "of 20 parallel admit() of one key exactly one wins",
    run: async (t) => {
      const key = t.key();
      const results = await together(20, (index) => admit(t, t.handle(index), "ann", key, { limit: 5 }));
      equal(results.filter((result) => result.status === "ok").length, 1, "admitted");
      equal(results.filter((result) => result.status === "exists").length, 19, "refused");
    },
  },
  {
    name: "no login that began before deleteAll() survives it",
    run: async (t) => {
      for (let round = 0; round < 5; round++) {
        const user = `ann${round}`;
        const epochs = await together(20, (index) => t.handle(index).epoch(user));
        const login = (index: number): Promise<unknown> =>
          t.handle(index).admit(t.key(), { ...t.record(), userId: user }, { epoch: epochs[index] as string });
        const before = together(5 + round, login);
        const revoke = t.handle(round).deleteAll(user);
        const after = together(15 - round, (index) => login(index + 5 + round));
        await Promise.all([before, revoke, after]);
        equal(await keysOf(t.store, user), [], "sessions in the end");
        equal((await admit(t, t.store, user, t.key())).status, "ok", "a login that began after it");
      }
    },
  },
  {
    name: "deleteAll() wins over update(), touch() and listings of the same moment",
    run: async (t) => {
      const keys = await together(10, () => put(t, t.store, { userId: "ann" }));
      const reads = await together(10, (index) => t.store.get(keys[index] as string));
      const write = async (index: number): Promise<void> => {
        const [store, key] = [t.handle(index), keys[index] as string];
        await store.update(key, t.record({ userId: "ann" }), reads[index]?.version ?? "");
        await store.touch(key, t.now(), t.now() + 7_200_000);
        await store.list("ann");
      };
      await Promise.all([together(5, write), t.handle(1).deleteAll("ann"), together(5, (index) => write(index + 5))]);
      equal(await keysOf(t.store, "ann"), [], "sessions in the end");
      for (const key of keys) equal(await t.store.get(key), null, "get()");
    },
  },
  {
    name: "of several devices that each end all others at once exactly one is left",
    run: async (t) => {
      for (let round = 0; round < 12; round++) {
        const userId = `ann${round}`;
        const keys = await together(2 + (round % 4), () => put(t, t.store, { userId }));
        const answers = await together(keys.length, (index) =>
          t.handle(index + round).deleteAll(userId, { except: keys[index] as string }),
        );
        const survivors = keys.filter((_, index) => answers[index] !== null);
        equal(survivors.length, 1, "devices that were told that they are the only one");
        equal(await keysOf(t.store, userId), survivors, "sessions in the end");
      }
    },
  },
  {
    name: "deleteAll() beside delete() of the session that it spares ends the others, or is refused",
    run: async (t) => {
      for (let round = 0; round < 12; round++) {
        const userId = `ann${round}`;
        const [mine, other] = [await put(t, t.store, { userId }), await put(t, t.store, { userId })];
        const revoke = () => t.handle(0).deleteAll(userId, { except: mine });
        const leave = () => t.handle(1).delete(mine);
        const [ended] =
          round % 2 ? await Promise.all([revoke(), leave()]) : (await Promise.all([leave(), revoke()])).reverse();
        equal(ended, ended === null ? null : [other], "deleteAll()");
        equal(await keysOf(t.store, userId), ended === null ? [other] : [], "sessions in the end");
      }
    },
  },
  {
    name: "parallel deleteAll() tell each session once",
    run: async (t) => {
      const keys = await together(10, () => put(t, t.store, { userId: "ann" }));
      const ended = (await together(5, (index) => t.handle(index).deleteAll("ann"))).flat();
      equal([...ended].sort(), keys.sort(), "keys over all calls");
    },
  },
];

export const userRaces: Group<UserStore> = { name: "races of users", cases, acrossHandles: true };

/** Needs `clear` as well. */
const clearing: readonly Case<UserScanStore>[] = [
  {
    name: "clear() moves the epoch of everybody, of users never seen too",
    run: async (t) => {
      const before = [await t.store.epoch("ann"), await t.store.epoch("nobody")];
      await put(t, t.store, { userId: "ann" });
      await t.store.clear();
      const after = [await t.store.epoch("ann"), await t.store.epoch("nobody")];
      ok(before[0] !== after[0] && before[1] !== after[1], "both epochs moved");
      const late = { ...t.record(), userId: "nobody" };
      equal(await t.store.admit(t.key(), late, { epoch: before[1] as string }), { status: "revoked" }, "admit()");
      equal(await keysOf(t.store, "ann"), [], "list()");
    },
  },
  {
    name: "no epoch comes back after clear() and deleteAll() in turn",
    run: async (t) => {
      const seen = [await t.store.epoch("ann")];
      for (const turn of ["all", "clear", "all", "all", "clear", "clear", "all"]) {
        await (turn === "all" ? t.store.deleteAll("ann") : t.store.clear());
        seen.push(await t.store.epoch("ann"));
      }
      equal(new Set(seen).size, seen.length, "different epochs");
    },
  },
  {
    name: "no login that began before clear() survives it",
    run: async (t) => {
      const epochs = await together(20, (index) => t.handle(index).epoch(`user${index}`));
      const login = (index: number): Promise<unknown> => {
        const record = { ...t.record(), userId: `user${index}` };
        return t.handle(index).admit(t.key(), record, { epoch: epochs[index] as string });
      };
      await Promise.all([together(10, login), t.handle(1).clear(), together(10, (index) => login(index + 10))]);
      for (let index = 0; index < 20; index++) equal(await keysOf(t.store, `user${index}`), [], "sessions in the end");
    },
  },
];

export const clearRaces: Group<UserScanStore> = { name: "clear and logins", cases: clearing, acrossHandles: true };
