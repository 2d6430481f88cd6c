/**
 * Cases in which calls for one key are made at once. Those about users and `replace` are in `user-races.ts` and
 * `replace-races.ts`.
 */
import type { Store } from "../../stores/store.ts";
import { equal, ok } from "../assert.ts";
import { put } from "./basics.ts";
import type { Case, Group } from "./case.ts";
import { together } from "./case.ts";

const cases: readonly Case<Store>[] = [
  {
    name: "of 20 parallel create() of one key exactly one wins, and its record stays",
    needs: ["insert-update"],
    run: async (t) => {
      for (let round = 0; round < 5; round++) {
        const key = t.key();
        const versions = await together(20, (index) => t.handle(index).create(key, t.record({ payload: `${index}` })));
        const winners = versions.flatMap((version, index) => (version === null ? [] : [index]));
        equal(winners.length, 1, "winners");
        const found = await t.store.get(key);
        equal([found?.payload, found?.version], [`${winners[0]}`, versions[winners[0] as number]], "record");
      }
    },
  },
  {
    name: "of 20 parallel create() over an expired record exactly one wins",
    needs: ["insert-update"],
    run: async (t) => {
      const key = await put(t, t.store, { userId: "ann", expiresAt: t.now() + t.short });
      await t.pass(t.short);
      const versions = await together(20, (index) => t.handle(index).create(key, t.record({ payload: `${index}` })));
      equal(versions.filter((version) => version !== null).length, 1, "winners");
    },
  },
  {
    name: "of 20 parallel update() with one version exactly one wins, and the others see the winner",
    needs: ["compare-and-set"],
    run: async (t) => {
      const key = await put(t, t.store);
      const version = (await t.store.get(key))?.version ?? "";
      const results = await together(20, (index) =>
        t.handle(index).update(key, t.record({ payload: `${index}` }), version),
      );
      equal(results.filter((result) => result.status === "ok").length, 1, "winners");
      const found = await t.store.get(key);
      equal(found?.payload, `${results.findIndex((result) => result.status === "ok")}`, "payload");
      for (const result of results) {
        if (result.status !== "ok") equal(result, { status: "conflict", current: found }, "a loser's answer");
      }
    },
  },
  {
    name: "50 parallel loops of read, add one and compare-and-set count to 50",
    needs: ["compare-and-set"],
    run: async (t) => {
      const key = await put(t, t.store, { payload: "0" });
      await together(50, async (index) => {
        const store = t.handle(index);
        for (let attempt = 0; attempt < 200; attempt++) {
          const read = await store.get(key);
          ok(read !== null, "the record stays");
          const next = t.record({ payload: String(Number(read.payload) + 1) });
          if ((await store.update(key, next, read.version)).status === "ok") return;
        }
        ok(false, "a loop of compare-and-set gets through within 200 attempts");
      });
      equal((await t.store.get(key))?.payload, "50", "count");
    },
  },
  {
    name: "50 parallel loops that start from the conflict's record count to 50",
    needs: ["compare-and-set"],
    run: async (t) => {
      const key = await put(t, t.store, { payload: "0" });
      const start = await t.store.get(key);
      await together(50, async (index) => {
        let current = start;
        for (let attempt = 0; attempt < 200 && current !== null; attempt++) {
          const next = t.record({ payload: String(Number(current.payload) + 1) });
          const result = await t.handle(index).update(key, next, current.version);
          if (result.status === "ok") return;
          ok(result.status === "conflict", "the record stays");
          current = result.current;
        }
        ok(false, "a loop of compare-and-set gets through within 200 attempts");
      });
      equal((await t.store.get(key))?.payload, "50", "count");
    },
  },
  {
    name: "delete() wins over update() and touch() of the same moment",
    needs: ["insert-update"],
    run: async (t) => {
      for (let round = 0; round < 20; round++) {
        const key = await put(t, t.store, { userId: "ann" });
        const version = (await t.store.get(key))?.version ?? "";
        const write = (): Promise<unknown> => t.handle(1).update(key, t.record({ userId: "ann" }), version);
        const touch = (): Promise<unknown> => t.handle(2).touch(key, t.now(), t.now() + 7_200_000);
        const end = (): Promise<unknown> => t.handle(0).delete(key);
        const order = [
          [write, end, touch],
          [touch, write, end],
          [end, touch, write],
        ][round % 3] as (() => Promise<unknown>)[];
        await Promise.all(order.map((call) => call()));
        equal(await t.store.get(key), null, "get() after delete()");
      }
    },
  },
  {
    name: "of 20 parallel delete() exactly one says that it ended the session",
    run: async (t) => {
      const key = await put(t, t.store);
      const ended = await together(20, (index) => t.handle(index).delete(key));
      equal(ended.filter(Boolean).length, 1, "delete() that answered true");
    },
  },
  {
    name: "touch() and update() of the same moment both succeed, and neither is undone",
    needs: ["compare-and-set"],
    run: async (t) => {
      for (let round = 0; round < 20; round++) {
        const key = await put(t, t.store);
        const version = (await t.store.get(key))?.version ?? "";
        const [soon, late] = [t.now() + 7_200_000, t.now() + 9_000_000];
        const write = () => t.handle(1).update(key, t.record({ payload: "written", expiresAt: late }), version);
        const touch = () => t.handle(0).touch(key, t.now(), soon);
        const calls = [write, touch] as (() => Promise<{ status?: string } | boolean>)[];
        if (round % 2) calls.reverse();
        const results = await Promise.all(calls.map((call) => call()));
        ok(results.includes(true), "touch() of a live record is true");
        ok(
          results.some((result) => typeof result === "object" && result.status === "ok"),
          "update() does not conflict with touch()",
        );
        const found = await t.store.get(key);
        equal([found?.payload, found?.expiresAt], ["written", late], "payload and the later deadline");
      }
    },
  },
  {
    name: "parallel touch() keep the latest times",
    run: async (t) => {
      const key = await put(t, t.store);
      const now = t.now();
      await together(20, (index) => {
        const step = (index * 7) % 20;
        return t.handle(index).touch(key, now + step, now + 7_200_000 + step);
      });
      const found = await t.store.get(key);
      equal([found?.seenAt, found?.expiresAt], [now + 19, now + 7_200_019], "times");
    },
  },
];

export const races: Group<Store> = { name: "races", cases, acrossHandles: true };
