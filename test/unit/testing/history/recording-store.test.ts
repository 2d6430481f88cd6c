/** Stores under load, right and wrong, recorded and judged. */
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/stores/memory.ts";
import type { ScanStore, UserStore } from "../../../../src/stores/store.ts";
import { checkHistory, type HistoryVerdict } from "../../../../src/testing/history/check.ts";
import { historyRecorder } from "../../../../src/testing/history/recorder.ts";
import { recordingStore } from "../../../../src/testing/history/recording-store.ts";
import { instrumentedStore } from "../../../../src/testing/instrumented-store.ts";
import { type Random, seeded } from "../../../../src/testing/random.ts";

type Subject = UserStore & ScanStore;

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const wrap = (inner: Subject, changes: Partial<Subject>): Subject =>
  new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

/** Ways in which stores of the field are wrong. */
const broken: Record<string, (inner: Subject) => Subject> = {
  "compares, and then writes": (inner) =>
    wrap(inner, {
      update: async (key, record, expected) => {
        const found = await inner.get(key);
        if (!found) return { status: "gone" };
        if (found.version !== expected) return { status: "conflict", current: found };
        await pause();
        const now = await inner.get(key);
        return now ? inner.update(key, record, now.version) : { status: "gone" };
      },
    }),
  "writes what is gone": (inner) =>
    wrap(inner, {
      update: async (key, record, expected) => {
        const result = await inner.update(key, record, expected);
        if (result.status !== "gone") return result;
        const version = await inner.create(key, record);
        return version === null ? { status: "gone" } : { status: "ok", version };
      },
    }),
  "answers from a cache": (inner) => {
    const cache = new Map<string, Awaited<ReturnType<Subject["get"]>>>();
    return wrap(inner, {
      get: async (key) => {
        const known = cache.get(key);
        if (known) return known;
        const found = await inner.get(key);
        cache.set(key, found);
        return found;
      },
    });
  },
  "admits whom it has revoked": (inner) =>
    wrap(inner, {
      admit: async (key, record, admission) =>
        inner.admit(key, record, { ...admission, epoch: await inner.epoch(record.userId) }),
    }),
  "revokes those that it has listed": (inner) =>
    wrap(inner, {
      deleteAll: async (userId) => {
        const { items } = await inner.list(userId);
        await pause();
        for (const { key } of items) await inner.delete(key);
        return items.map(({ key }) => key);
      },
    }),
};

/** Some clients who do what they like to five sessions of two users. */
async function load(subject: Subject, random: Random, faults: boolean): Promise<HistoryVerdict> {
  const recorder = historyRecorder();
  const instrument = instrumentedStore(subject);
  const keys = Array.from({ length: 5 }, () => random.key());
  const record = (payload: string) => ({ payload, createdAt: 0, seenAt: 0, expiresAt: Date.now() + 3_600_000 });
  let writes = 0;
  const run = async (name: string): Promise<void> => {
    const store = recordingStore(instrument.store, recorder.client(name));
    const epochs = new Map<string, string>();
    for (let call = 0; call < 40; call++) {
      const [key, userId] = [random.pick(keys), random.pick(["ann", "bob"])];
      const chance = random.below(100);
      const payload = `p${writes++}`;
      if (faults && random.chance(0.1)) instrument.fail("update", { times: 1, when: random.pick(["before", "after"]) });
      try {
        if (chance < 5) await store.delete(key);
        else if (chance < 8) await store.deleteAll(userId);
        else if (chance < 9) await store.clear();
        else if (chance < 20) {
          epochs.set(userId, epochs.get(userId) ?? (await store.epoch(userId)));
          const epoch = epochs.get(userId) as string;
          const fresh = random.key();
          keys[random.below(keys.length)] = fresh;
          await pause();
          await store.admit(fresh, { ...record(payload), userId }, { epoch });
          epochs.delete(userId);
        } else if (chance < 30) await store.get(key);
        else if (chance < 35) await store.touch(key, 0, 0);
        else {
          const found = await store.get(key);
          if (random.chance(0.5)) await pause();
          if (found) await store.update(key, { ...record(payload), userId: found.userId }, found.version);
          else await store.create(random.key(), record(payload));
        }
      } catch {}
      await pause();
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, client) => run(`c${client}`)));
  return checkHistory(recorder.events);
}

describe("recordingStore() and checkHistory()", () => {
  it.each([false, true])("find nothing wrong with the memory store (with faults: %s)", async (faults) => {
    for (let seed = 0; seed < 20; seed++) {
      const result = await load(memoryStore(), seeded(seed), faults);
      expect(result).toMatchObject({ verdict: "legal" });
      expect(result.lost > 0).toBe(faults);
    }
  });

  it.each(Object.entries(broken))("find a store that %s", async (_, spoil) => {
    let verdict = "legal";
    for (let seed = 0; seed < 40 && verdict === "legal"; seed++) {
      ({ verdict } = await load(spoil(memoryStore()), seeded(seed), false));
    }
    expect(verdict).toBe("illegal");
  });
});
