/**
 * Writers of one session in one process: nobody starves, and the work stays in proportion.
 */
import { describe, expect, it } from "vitest";
import { type MemoryStore, memoryStore } from "../../../src/stores/memory.ts";
import { anotherServer, openSite, requestWith, settle } from "../../support/visitor.ts";

/** Reads at once, and one write a turn of the event loop, the newest first: as unfair as a lock that is polled for can be. */
function unfair(inner: MemoryStore, counts: { update: number }): MemoryStore {
  const waiting: (() => void)[] = [];
  let serving = false;
  const serve = async (): Promise<void> => {
    serving = true;
    while (waiting.length > 0) {
      await settle();
      waiting.pop()?.();
    }
    serving = false;
  };
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "update") return value.bind(target);
      return async (...args: unknown[]) => {
        counts.update += 1;
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (!serving) void serve();
        });
        return value.apply(target, args);
      };
    },
  });
}

describe("parallel writers", () => {
  for (const [name, gap] of [
    ["all at once", 0],
    ["one a turn", 1],
    ["each when the one before has lost again", 2],
    ["in a slow trickle", 4],
  ] as const) {
    it(`that come ${name} are all saved, in about two writes each`, async () => {
      const { clock, events, instrument } = openSite();
      const counts = { update: 0 };
      const store = unfair(memoryStore({ clock }), counts);
      const sessions = anotherServer({ clock, events, instrument }, { store, storeTimeout: "30s" });
      const first = await sessions.open(requestWith());
      first.data.first = true;
      const line = (await sessions.commit(first)).find(({ name: header }) => header === "set-cookie")?.value;
      const cookie = line?.split(";")[0];
      const write = async (index: number) => {
        const session = await sessions.open(requestWith(cookie));
        if (index % 2) await session.update("count", (count = 0) => count + 1);
        else session.data[`k${index}`] = true;
        await sessions.commit(session);
      };
      const writers: Promise<void>[] = [];
      for (let index = 0; index < 200; index++) {
        writers.push(write(index));
        // The first two collide, so that one of them waits in the lane.
        for (let turn = 0; turn < (index === 0 ? 0 : gap); turn++) await settle();
      }
      await Promise.all(writers);
      const { data } = await sessions.open(requestWith(cookie));
      expect([Object.keys(data).length, data.count]).toEqual([102, 100]);
      expect(counts.update).toBeLessThan(600);
    });
  }
});
