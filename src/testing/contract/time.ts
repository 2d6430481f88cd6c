/**
 * Cases about expiry: when a record counts as gone, what each verb says of it then, and how `touch` and `update` move
 * its deadline.
 */
import type { Store } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";

const exact: readonly Case<Store>[] = [
  {
    name: "a record is there one millisecond before expiresAt and absent at it",
    needs: ["injected-clock"],
    run: async (t) => {
      const key = await put(t, t.store, { expiresAt: t.now() + 1000 });
      await t.pass(999);
      ok((await t.store.get(key)) !== null, "get() one millisecond before");
      await t.pass(1);
      equal(await t.store.get(key), null, "get() at expiresAt");
    },
  },
  {
    name: "a clock that steps back does not lose records",
    needs: ["injected-clock"],
    run: async (t) => {
      const key = await put(t, t.store);
      await t.pass(-86_400_000);
      ok((await t.store.get(key)) !== null, "get() a day earlier");
      equal(await t.store.touch(key, t.now(), t.now() + 1000), true, "touch() a day earlier");
      await t.pass(86_400_000);
      ok((await t.store.get(key)) !== null, "get() now");
    },
  },
];

const passing: readonly Case<Store>[] = [
  {
    name: "an expired record looks like an unknown one to every verb",
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short });
      const before = await t.store.get(key);
      ok(before !== null, "the record is there at first");
      await t.pass(t.short);
      equal(await t.store.get(key), null, "get()");
      equal(await t.store.touch(key, t.now(), t.now() + 60_000), false, "touch()");
      equal(await t.store.update(key, t.record(), before.version), { status: "gone" }, "update()");
      equal(await t.store.delete(key), false, "delete()");
      equal(await t.store.get(key), null, "get() after all of them");
    },
  },
  {
    name: "create() over an expired record inserts",
    run: async (t) => {
      const key = await put(t, t.store, { payload: "old", userId: "ann", expiresAt: t.now() + t.short });
      await t.pass(t.short);
      const version = await t.store.create(key, t.record({ payload: "new" }));
      ok(version !== null, "create() answers with a version");
      const found = await t.store.get(key);
      equal([found?.payload, found?.userId, found?.version], ["new", undefined, version], "record");
    },
  },
  {
    name: "touch() lets a record live past its first deadline",
    run: async (t) => {
      const key = await put(t, t.store, { expiresAt: t.now() + t.short });
      equal(await t.store.touch(key, t.now(), t.now() + 3 * t.short), true, "touch()");
      await t.pass(2 * t.short);
      ok((await t.store.get(key)) !== null, "get() after the first deadline");
      await t.pass(t.short);
      equal(await t.store.get(key), null, "get() after the second");
    },
  },
  {
    name: "touch() with an earlier deadline does not end a record sooner",
    run: async (t) => {
      const key = await put(t, t.store, { expiresAt: t.now() + 10 * t.short });
      equal(await t.store.touch(key, t.now(), t.now() + t.short), true, "touch()");
      equal(await t.store.touch(key, t.now(), t.now() - t.short), true, "touch() with a deadline in the past");
      await t.pass(2 * t.short);
      ok((await t.store.get(key)) !== null, "get()");
    },
  },
  {
    name: "update() with an earlier deadline ends a record sooner, with a later one later",
    run: async (t) => {
      const [sooner, later] = [await put(t, t.store), await put(t, t.store, { expiresAt: t.now() + t.short })];
      for (const [key, ms] of [[sooner, t.short] as const, [later, 10 * t.short] as const]) {
        const version = (await t.store.get(key))?.version;
        ok(version !== undefined, "the record is there");
        equal((await t.store.update(key, t.record({ expiresAt: t.now() + ms }), version)).status, "ok", "update()");
      }
      await t.pass(2 * t.short);
      equal(await t.store.get(sooner), null, "get() after the earlier deadline");
      ok((await t.store.get(later)) !== null, "get() before the later deadline");
    },
  },
  {
    name: "a record whose deadline is past is never there",
    run: async (t) => {
      const [created, updated] = [t.key(), await put(t, t.store)];
      await t.store.create(created, t.record({ expiresAt: t.now() - t.short }));
      equal(await t.store.get(created), null, "get() after create()");
      const version = (await t.store.get(updated))?.version;
      ok(version !== undefined, "the record is there");
      await t.store.update(updated, t.record({ expiresAt: t.now() - t.short }), version);
      equal(await t.store.get(updated), null, "get() after update()");
      ok((await t.store.create(created, t.record())) !== null, "create() over it");
    },
  },
];

export const time: Group<Store> = { name: "time", cases: [...exact, ...passing] };
