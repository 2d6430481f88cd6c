/**
 * Cases about all sessions of a store rather than a user's: `scan` and `clear`, and `deleteExpired` for those that are
 * over.
 */
import type { ScanStore, SweepStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { together } from "./case.ts";
import { MADE_UP_CURSORS, pages, refusesNoStrings } from "./users.ts";

const scanning: readonly Case<ScanStore>[] = [
  {
    name: "scan() of an empty store is empty",
    run: async (t) => equal(await t.store.scan(), { items: [] }, "scan()"),
  },
  {
    name: "scan() gives every live record exactly once, as get() gives it",
    run: async (t) => {
      const keys: string[] = [];
      for (let count = 0; count < 25; count++) {
        keys.push(await put(t, t.store, { userId: count % 2 ? "ann" : undefined, payload: `${count}` }));
      }
      await t.store.delete(await put(t, t.store));
      await put(t, t.store, { expiresAt: t.now() + t.short });
      await t.pass(t.short);
      for (const limit of [1, 7, 25, 1000]) {
        const seen = await pages((page) => t.store.scan(page), limit);
        equal(seen.map(({ key }) => key).sort(), [...keys].sort(), `keys in pages of ${limit}`);
        for (const { key, record } of seen) equal(record, await t.store.get(key), "record");
      }
    },
  },
  {
    name: "scan() gives whoever stays exactly once, while others come and go",
    run: async (t) => {
      const stay: string[] = [];
      const go: string[] = [];
      for (let count = 0; count < 40; count++) (count % 4 ? stay : go).push(await put(t, t.store));
      const seen = await pages(async (page) => {
        const leaving = go.pop();
        if (leaving !== undefined) await t.store.delete(leaving);
        await put(t, t.store);
        const kept = stay[0] as string;
        const version = (await t.store.get(kept))?.version ?? "";
        await t.store.update(kept, t.record({ payload: "changed" }), version);
        await t.store.touch(stay[1] as string, t.now(), t.now() + 7_200_000);
        return t.store.scan(page);
      }, 6);
      const keys = seen.map(({ key }) => key);
      equal(new Set(keys).size, keys.length, "no session twice");
      equal(
        stay.filter((key) => !keys.includes(key)),
        [],
        "sessions that were left out",
      );
    },
  },
  {
    name: "a made-up cursor gives a page or nothing, never an error",
    run: async (t) => {
      const key = await put(t, t.store);
      for (const cursor of MADE_UP_CURSORS) {
        const { items } = await t.store.scan({ cursor });
        ok(
          items.every((entry) => entry.key === key),
          "what is given is really there",
        );
      }
    },
  },
  {
    name: "a cursor of scan() that is no string gives an empty page, or an error with a code and the status 400",
    run: async (t) => {
      await put(t, t.store);
      await refusesNoStrings((page) => t.store.scan(page));
    },
  },
  {
    name: "clear() ends every session, answers with the keys, and the store can be used again",
    run: async (t) => {
      const keys = [await put(t, t.store, { userId: "ann" }), await put(t, t.store)];
      equal([...(await t.store.clear())].sort(), keys.sort(), "clear()");
      for (const key of keys) equal(await t.store.get(key), null, "get()");
      equal((await t.store.scan()).items, [], "scan()");
      equal(await t.store.clear(), [], "clear() of an empty store");
      await put(t, t.store, {}, keys[0]);
    },
  },
  {
    name: "clear() ends no more than `limit`; fewer than that means that none is left",
    run: async (t) => {
      const keys = await together(10, () => put(t, t.store));
      const ended: string[] = [];
      for (let size = 4; size === 4; ) {
        const answer = await t.store.clear({ limit: 4 });
        size = answer.length;
        ok(size <= 4, "clear() ends no more than it was told");
        ended.push(...answer);
      }
      equal(ended.sort(), keys.sort(), "keys over all calls");
      equal((await t.store.scan()).items, [], "scan()");
    },
  },
  {
    name: "clear() leaves another backend alone",
    run: async (t) => {
      const other = await t.isolated();
      const key = await put(t, other);
      await put(t, t.store);
      await t.store.clear();
      ok((await other.get(key)) !== null, "get() in the other");
    },
  },
];

export const scan: Group<ScanStore> = { name: "scan", cases: scanning };

const sweeping: readonly Case<SweepStore>[] = [
  {
    name: "deleteExpired() removes what expired, and says how many",
    run: async (t) => {
      const live = await put(t, t.store, { userId: "ann" });
      await together(5, () => put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short }));
      equal(await t.store.deleteExpired(), 0, "deleteExpired() while all live");
      await t.pass(t.short);
      equal(await t.store.deleteExpired(), 5, "deleteExpired()");
      equal(await t.store.deleteExpired(), 0, "deleteExpired() again");
      ok((await t.store.get(live)) !== null, "a live record is left alone");
    },
  },
  {
    name: "deleteExpired() removes no more than `limit` a call",
    run: async (t) => {
      await together(7, () => put(t, t.store, { expiresAt: t.now() + t.short }));
      await t.pass(t.short);
      const counts = [];
      for (let turn = 0; turn < 4; turn++) counts.push(await t.store.deleteExpired({ limit: 3 }));
      equal(counts, [3, 3, 1, 0], "counts of four calls");
    },
  },
  {
    name: "deleteExpired() spares what was touched or written since",
    run: async (t) => {
      const soon = { expiresAt: t.now() + t.short };
      const [touched, written, lost] = [await put(t, t.store, soon), await put(t, t.store, soon), t.key()];
      await put(t, t.store, soon, lost);
      await t.store.touch(touched, t.now(), t.now() + 10 * t.short);
      const version = (await t.store.get(written))?.version ?? "";
      await t.store.update(written, t.record(), version);
      await t.pass(t.short);
      equal(await t.store.deleteExpired(), 1, "deleteExpired()");
      ok((await t.store.get(touched)) !== null && (await t.store.get(written)) !== null, "both are left alone");
    },
  },
  {
    name: "deleteExpired() does not remove a record created over an expired one at the same moment",
    run: async (t) => {
      const keys = await together(20, () => put(t, t.store, { expiresAt: t.now() + t.short }));
      await t.pass(t.short);
      const create = (index: number): Promise<unknown> => put(t, t.store, {}, keys[index] as string);
      await Promise.all([together(10, create), t.store.deleteExpired(), together(10, (index) => create(index + 10))]);
      for (const key of keys) ok((await t.store.get(key)) !== null, "the new record is there");
      equal(await t.store.deleteExpired(), 0, "deleteExpired() later");
    },
  },
];

export const sweep: Group<SweepStore> = { name: "sweep", cases: sweeping };
