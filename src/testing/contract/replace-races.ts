/**
 * Cases in which `replace` meets another call of the same moment, in either order: whoever wins, nothing is left half
 * done.
 */
import type { ReplaceResult, ReplaceStore } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { together } from "./case.ts";
import { replaceable } from "./replacing.ts";
import { wait } from "./trial.ts";
import { keysOf } from "./users.ts";

const ROUNDS = 12;

/**
 * In one order or the other, for a store may let the first call win as a rule; and at once, a step apart or a turn of
 * the event loop apart, for a store in this process may have done much of the first call by then.
 */
async function atOnce<A, B>(round: number, first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  const gap = Math.floor(round / 2) % 3;
  const later = async <T>(call: () => Promise<T>): Promise<T> => {
    if (gap === 2) await wait(0);
    else await undefined;
    return call();
  };
  const [one, other] = gap === 0 ? [first, second] : [first, () => later(second)];
  if (round % 2 === 0) return Promise.all([one(), other()]);
  const [b, a] = await Promise.all([second(), gap === 0 ? first() : later(first)]);
  return [a, b];
}

const cases: readonly Case<ReplaceStore>[] = [
  {
    name: "of 20 parallel replace() of one record exactly one wins, and the others leave nothing",
    run: async (t) => {
      const old = await put(t, t.store, { userId: "ann" });
      const replaced = await replaceable(t, old);
      const keys = Array.from({ length: 20 }, () => t.key());
      const results = await together(20, (index) =>
        t.handle(index).replace(keys[index] as string, t.record({ userId: "ann" }), replaced),
      );
      const winners = keys.filter((_, index) => results[index]?.status === "ok");
      equal(winners.length, 1, "winners");
      const current = await t.store.get(old);
      ok(current !== null, "the tombstone is there");
      for (const result of results)
        if (result.status !== "ok") equal(result, { status: "conflict", current }, "a loser's answer");
      for (const key of keys)
        equal((await t.store.get(key)) !== null, key === winners[0], "whether a new record is there");
      equal(await keysOf(t.store, "ann"), winners, "list()");
    },
  },
  {
    name: "deleteAll() wins over replace() of the same moment: nobody is left",
    run: async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const userId = `ann${round}`;
        const replaced = await replaceable(t, await put(t, t.store, { userId }));
        const login = round % 3 === 0 ? { epoch: await t.store.epoch(userId) } : undefined;
        await atOnce(
          round,
          () => t.handle(0).replace(t.key(), t.record({ userId }), replaced, login),
          () => t.handle(1).deleteAll(userId),
        );
        equal(await keysOf(t.store, userId), [], "sessions in the end");
      }
    },
  },
  {
    name: "deleteAll() that spares the old record beside replace(): it ends the others, or is refused, and one is left of the two",
    run: async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const userId = `ann${round}`;
        const [old, other] = [await put(t, t.store, { userId }), await put(t, t.store, { userId })];
        const [replaced, key] = [await replaceable(t, old), t.key()];
        const [result, ended] = await atOnce(
          round,
          () => t.handle(0).replace(key, t.record({ userId }), replaced),
          () => t.handle(1).deleteAll(userId, { except: old }),
        );
        equal(result.status, "ok", "replace()");
        if (ended !== null) equal(ended, [other], "what deleteAll() ended");
        const left = ended === null ? [key, other] : [key];
        equal((await keysOf(t.store, userId)).sort(), left.sort(), "sessions in the end");
      }
    },
  },
  {
    name: "of replace() and update() of one version exactly one wins",
    run: async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const old = await put(t, t.store, { userId: "ann" });
        const [replaced, key] = [await replaceable(t, old), t.key()];
        const [result, update] = await atOnce<ReplaceResult, { readonly status: string }>(
          round,
          () => t.handle(0).replace(key, t.record({ userId: "ann" }), replaced),
          () => t.handle(1).update(old, t.record({ userId: "ann", payload: "written" }), replaced.version),
        );
        const won = result.status === "ok";
        equal([result.status, update.status], won ? ["ok", "conflict"] : ["conflict", "ok"], "answers");
        equal((await t.store.get(old))?.payload, won ? "replaced" : "written", "payload at the old key");
        equal((await t.store.get(key)) !== null, won, "whether the new record is there");
      }
    },
  },
  {
    name: "replace() and touch() of the same moment both succeed",
    run: async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const old = await put(t, t.store, { userId: "ann" });
        const [replaced, key] = [await replaceable(t, old), t.key()];
        const [result, touched] = await atOnce(
          round,
          () => t.handle(0).replace(key, t.record({ userId: "ann" }), replaced),
          () => t.handle(1).touch(old, t.now() + 1000, t.now() + 7_200_000),
        );
        equal([result.status, touched], ["ok", true], "answers");
        const left = await t.store.get(old);
        equal([left?.payload, left?.userId], ["replaced", undefined], "what is left at the old key");
        ok((await t.store.get(key)) !== null, "the new record is there");
      }
    },
  },
  {
    name: "delete() beside replace() always ends what is at the old key, and the new record is there only if that came first",
    run: async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const old = await put(t, t.store, { userId: "ann" });
        const [replaced, key] = [await replaceable(t, old), t.key()];
        const [result, deleted] = await atOnce(
          round,
          () => t.handle(0).replace(key, t.record({ userId: "ann" }), replaced),
          () => t.handle(1).delete(old),
        );
        equal([deleted, await t.store.get(old)], [true, null], "delete() and get() of the old key");
        ok(result.status === "ok" || result.status === "gone", "replace() is ok or gone");
        equal((await t.store.get(key)) !== null, result.status === "ok", "whether the new record is there");
      }
    },
  },
  {
    name: "ten devices at the limit of ten replace their sessions at once, and none is refused or ended",
    run: async (t) => {
      for (const onLimit of ["reject", "evict-oldest"] as const) {
        const userId = `ann ${onLimit}`;
        const olds = await together(10, () => put(t, t.store, { userId }));
        const replaced = await together(10, (index) => replaceable(t, olds[index] as string));
        const keys = olds.map(() => t.key());
        const epoch = await t.store.epoch(userId);
        const results = await together(10, (index) =>
          t
            .handle(index)
            .replace(keys[index] as string, t.record({ userId }), replaced[index] as (typeof replaced)[number], {
              epoch,
              limit: 10,
              onLimit,
            }),
        );
        equal(
          results.map((result) => (result.status === "ok" ? result.evicted : result.status)),
          keys.map(() => []),
          "who was evicted or refused",
        );
        equal((await keysOf(t.store, userId)).sort(), keys.sort(), "list()");
      }
    },
  },
];

export const replaceRaces: Group<ReplaceStore> = { name: "races of replace", cases, acrossHandles: true };
