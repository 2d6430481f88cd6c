/** The scheduler and its oracle: what is broken on purpose is found, and what is found can be played again. */
import { describe, expect, it } from "vitest";
import { type AllSessions, createSessions, type Store } from "../../../src/index.ts";
import { type MemoryStore, memoryStore } from "../../../src/stores/memory.ts";
import {
  type InterleavingsOptions,
  interleavingDeeds,
  interleavingPairs,
  runInterleavings,
} from "../../../src/testing/index.ts";

type Verbs = Partial<Record<keyof MemoryStore, (inner: MemoryStore, ...args: never[]) => unknown>>;

/** A memory store with some verbs done otherwise. */
function storeWith(verbs: Verbs): InterleavingsOptions["store"] {
  return (clock) => {
    const inner = memoryStore({ clock });
    return new Proxy(inner, {
      get: (target, name) => {
        const own = verbs[name as keyof MemoryStore] as ((...args: unknown[]) => unknown) | undefined;
        if (own) return (...args: unknown[]) => own(inner, ...args);
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}

const good = storeWith({});

/** A compare-and-set that does not compare. */
const lastOneWins = storeWith({
  update: async (inner: MemoryStore, ...[key, record]: Parameters<Store["update"]>) => {
    const there = await inner.get(key);
    return there ? inner.update(key, record, there.version) : { status: "gone" };
  },
});

/** Sessions with some verbs done otherwise. */
function sessionsWith(
  verbs: Partial<Record<keyof AllSessions<object>, () => unknown>>,
): InterleavingsOptions["sessions"] {
  return (options) => {
    const sessions = createSessions(options as never) as unknown as AllSessions<object>;
    return { ...sessions, ...verbs };
  };
}

const promisesOf = async (options: InterleavingsOptions): Promise<readonly string[]> =>
  [...new Set((await runInterleavings(options)).violations.map(({ promise }) => promise))].sort();

describe("runInterleavings", () => {
  it("plays every order that can make a difference, and says how many", async () => {
    const report = await runInterleavings({ store: good, deeds: ["update", "update"] });
    expect(report).toMatchObject({ complete: true, violations: [] });
    expect(report.runs).toBeGreaterThan(5);
    const again = await runInterleavings({ store: good, deeds: ["update", "update"] });
    expect([again.runs, again.pruned]).toEqual([report.runs, report.pruned]);
  });

  it("finds an update that a store lost, with a schedule that shows it", async () => {
    const { violations } = await runInterleavings({ store: lastOneWins, deeds: ["update", "update"] });
    const lost = violations.find(({ promise }) => promise === "what was acknowledged is there");
    expect(lost?.schedule).toMatch(/^A\.start, .*B\.update$/);
    const again = await runInterleavings({ store: lastOneWins, deeds: ["update", "update"], schedule: lost?.schedule });
    expect(again.runs).toBe(1);
    expect(again.violations).toContainEqual(lost);
    await expect(runInterleavings({ store: good, deeds: ["update"], schedule: "A.start, A.delete" })).rejects.toThrow(
      'the schedule goes on with "A.delete", and there is A.get',
    );
  });

  it("finds a store that keeps what was deleted, or forgets what was touched", async () => {
    const zombie = storeWith({ deleteAll: async () => [] });
    expect(await promisesOf({ store: zombie, deeds: ["revokeUser"] })).toEqual(["what ended stays ended"]);
    const idle = storeWith({ touch: async () => true });
    expect(await promisesOf({ store: idle, deeds: ["visit"], age: "touch due" })).toEqual(["a use is remembered"]);
  });

  it("finds sessions that say that they did what they did not", async () => {
    const revoke = sessionsWith({ revoke: async () => true });
    expect(await promisesOf({ store: good, sessions: revoke, deeds: ["revoke"] })).toEqual(["what ended stays ended"]);
    const revokeOthers = sessionsWith({ revokeOthers: async () => 1 });
    expect(await promisesOf({ store: good, sessions: revokeOthers, deeds: ["revokeOthers"] })).toEqual([
      "revokeOthers leaves exactly one",
      "what ended stays ended",
    ]);
  });

  it("makes each call fail once, before and after it took effect", async () => {
    const solo = await runInterleavings({ store: good, deeds: ["write"], failures: 1 });
    // Start, get and update: one run without a failure, and two for each of the two calls.
    expect(solo).toMatchObject({ runs: 5, complete: true, violations: [] });
  });

  it("holds each call again before its answer arrives, when asked", async () => {
    const options = { store: good, deeds: ["write", "update"], processes: "one" } as const;
    const [without, with_] = [await runInterleavings(options), await runInterleavings({ ...options, answers: true })];
    expect(with_.violations).toEqual([]);
    expect(with_.runs).toBeGreaterThan(without.runs);
  });

  it("misses nothing by playing orders that differ in nothing only once", async () => {
    const pairs = [
      ["logout, login other", "csrf token"],
      ["csrf token", "logout, login other"],
      ["update", "write"],
    ];
    for (const deeds of pairs) {
      const all = await runInterleavings({ store: lastOneWins, deeds, reduce: false });
      const fewer = await runInterleavings({ store: lastOneWins, deeds });
      const found = ({ violations }: typeof all) => violations.map(({ promise, what }) => `${promise}: ${what}`).sort();
      expect(all.pruned).toBe(0);
      expect(fewer.runs).toBeLessThan(all.runs);
      expect(found(fewer)).toEqual(found(all));
    }
  });

  it("searches by a seed, which repeats", async () => {
    const options = {
      store: lastOneWins,
      deeds: ["update", "update", "write"],
      search: { runs: 40, seed: 7 },
    } as const;
    const report = await runInterleavings(options);
    expect(report).toMatchObject({ runs: 40, seed: 7, complete: false });
    expect(report.violations.length).toBeGreaterThan(0);
    expect(await runInterleavings(options)).toEqual(report);
    expect((await runInterleavings({ ...options, search: { runs: 1 } })).seed).toBeTypeOf("number");
  });

  it("says when it stopped before the end", async () => {
    expect(await runInterleavings({ store: good, deeds: ["write", "update"], mostRuns: 2 })).toMatchObject({
      runs: 2,
      complete: false,
    });
  });

  it("refuses a deed that there is not", async () => {
    await expect(runInterleavings({ store: good, deeds: ["dance"] })).rejects.toThrow('there is no deed "dance"');
  });
});

describe("interleavingPairs", () => {
  it("has each two deeds that fit, once", () => {
    const count = interleavingDeeds.length - 1;
    expect(interleavingPairs({ visitor: "ann", age: "fresh" })).toHaveLength((count * (count + 1)) / 2);
    expect(interleavingPairs({ visitor: "ann", age: "rotated twice" })).toHaveLength(count + 1);
    expect(interleavingPairs({ visitor: "anonymous", age: "fresh" }).flat()).not.toContain("reauthenticate");
  });
});
