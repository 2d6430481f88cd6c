/** The checker of histories against histories of known truth, and against one that tries every order. */
import { describe, expect, it } from "vitest";
import { checkHistory } from "../../src/testing/history/check.ts";
import type { HistoryEvent } from "../../src/testing/history/event.ts";
import { type Operation, operationsBySession } from "../../src/testing/history/operation.ts";
import { NONE, type SessionState, step } from "../../src/testing/history/session-state.ts";
import { type Random, seeded } from "../../src/testing/random.ts";
import { fc } from "../support/fast-check.ts";
import { correctHistory, spoiled, type Wishes } from "../support/histories.ts";

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

const wishes: fc.Arbitrary<Wishes> = fc.record({
  calls: fc.integer({ min: 1, max: 200 }),
  clients: fc.integer({ min: 1, max: 12 }),
  keys: fc.integer({ min: 1, max: 4 }),
  lost: fc.constantFrom(0, 0.05, 0.3, 0.8),
  writes: fc.constantFrom("compare-and-set", "increment", "any"),
});

/** Every order of every choice of the lost ones. */
function triesAll(operations: readonly Operation[]): boolean {
  const go = (state: SessionState, left: readonly Operation[]): boolean => {
    if (left.every(({ answer }) => answer === undefined)) return true;
    const deadline = Math.min(...left.map(({ answer, until }) => (answer ? until : Number.POSITIVE_INFINITY)));
    return left.some((operation) => {
      if (operation.from > deadline) return false;
      const rest = left.filter((other) => other !== operation);
      const after = step(state, operation.action, operation.answer ?? {});
      if (after && go(after, rest)) return true;
      // A lost one may have found nothing to do.
      return operation.answer === undefined && go(state, rest);
    });
  };
  return go(NONE, operations);
}

/** The same answer with less of what was found, where that leaves one that can be given. */
function lessTold(event: HistoryEvent, random: Random): HistoryEvent {
  if (event.type !== "ok" || random.chance(0.5)) return event;
  if (event.value === "conflict") return { ...event, current: undefined };
  return event.value === true || event.value === "ok" || typeof event.value === "number"
    ? { ...event, value: undefined }
    : event;
}

/** The same events as clients see them whose clocks differ by up to so much. */
function withClocksApart(events: readonly HistoryEvent[], skew: number, random: Random): HistoryEvent[] {
  const offsets = new Map<string, number>();
  return events.map((event) => {
    const offset = offsets.get(event.client) ?? random.below(skew + 1) - skew / 2;
    offsets.set(event.client, offset);
    return { ...event, time: event.time + offset };
  });
}

describe("checkHistory()", () => {
  it("accepts every history of correct sessions", () => {
    fc.assert(
      fc.property(seeds, wishes, (seed, wish) => {
        expect(checkHistory(correctHistory(seeded(seed), wish))).toMatchObject({
          verdict: "legal",
          contradictions: [],
        });
      }),
      { numRuns: 1000 },
    );
  });

  it("accepts them with clocks that are apart by as much as it was told", () => {
    fc.assert(
      fc.property(seeds, wishes, fc.integer({ min: 1, max: 20 }), (seed, wish, skew) => {
        const random = seeded(seed);
        const events = withClocksApart(correctHistory(random, { ...wish, clients: 4 }), skew, random);
        expect(checkHistory(events, { skew }).verdict).toBe("legal");
      }),
      { numRuns: 300 },
    );
  });

  it("agrees with one that tries every order, on right and on wrong histories", () => {
    const counts = { legal: 0, illegal: 0 };
    fc.assert(
      fc.property(seeds, wishes, fc.boolean(), fc.boolean(), (seed, wish, spoil, silent) => {
        const random = seeded(seed);
        const small = { ...wish, calls: Math.min(wish.calls, 3 + (seed % 6)), keys: 1 };
        const told = correctHistory(random, small);
        const given: HistoryEvent[] = (spoil && spoiled(random, told)) || told;
        const events = silent ? given.map((event) => lessTold(event, random)) : given;
        const legal = [...operationsBySession(events).values()].every(triesAll);
        counts[legal ? "legal" : "illegal"] += 1;
        expect(checkHistory(events).verdict).toBe(legal ? "legal" : "illegal");
      }),
      { numRuns: 2000 },
    );
    expect(counts.illegal).toBeGreaterThan(300);
  });

  it("rejects every wrong answer of a history in which nothing overlaps and nothing was lost", () => {
    fc.assert(
      fc.property(seeds, wishes, (seed, wish) => {
        const random = seeded(seed);
        const events = spoiled(random, correctHistory(random, { ...wish, clients: 1, lost: 0 }));
        fc.pre(events !== undefined);
        expect(checkHistory(events as HistoryEvent[]).verdict).toBe("illegal");
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    { clients: 3, lost: 0, atLeast: 0.95 },
    { clients: 8, lost: 0, atLeast: 0.95 },
    { clients: 8, lost: 0.05, atLeast: 0.9 },
  ])("rejects at least $atLeast of the wrong ones with $clients clients and $lost of the answers lost", (wish) => {
    let [killed, tried] = [0, 0];
    for (let seed = 0; seed < 400; seed++) {
      const random = seeded(seed);
      const writes = random.pick(["compare-and-set", "increment"] as const);
      const events = spoiled(random, correctHistory(random, { calls: 150, keys: 3, writes, ...wish }));
      if (events === undefined) continue;
      tried += 1;
      const { verdict, contradictions } = checkHistory(events);
      if (verdict !== "illegal") continue;
      killed += 1;
      expect(contradictions[0]?.calls.length).toBeGreaterThan(0);
    }
    expect(killed / tried).toBeGreaterThanOrEqual(wish.atLeast);
  });
});
