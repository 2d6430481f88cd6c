import { describe, expect, it } from "vitest";
import { LinkColumn, NumberColumn, TextColumn } from "../../../src/stores/memory/columns.ts";
import { Deadlines } from "../../../src/stores/memory/deadlines.ts";
import { Recency } from "../../../src/stores/memory/recency.ts";
import { SlotIndex } from "../../../src/stores/memory/slot-index.ts";
import { UserLists } from "../../../src/stores/memory/user-lists.ts";
import { fc } from "../../support/fast-check.ts";

const slots = fc.integer({ min: 0, max: 40 });

describe("columns", () => {
  it("keep values across pages", () => {
    const [numbers, links, texts] = [new NumberColumn(), new LinkColumn(), new TextColumn()];
    for (const slot of [0, 4095, 4096, 100_000]) {
      numbers.set(slot, slot + 0.5);
      links.set(slot, slot);
      texts.set(slot, `t${slot}`);
    }
    for (const slot of [0, 4095, 4096, 100_000]) {
      expect([numbers.get(slot), links.get(slot), texts.get(slot)]).toEqual([slot + 0.5, slot, `t${slot}`]);
    }
    expect(texts.get(1)).toBeUndefined();
  });
});

describe("Deadlines", () => {
  it("always has the earliest deadline in front", () => {
    const step = fc.record({ slot: slots, act: fc.constantFrom("put", "remove"), deadline: fc.integer({ max: 50 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const column = new NumberColumn();
        const deadlines = new Deadlines(column);
        const model = new Map<number, number>();
        for (const { slot, act, deadline } of steps) {
          if (act === "put") {
            column.set(slot, deadline);
            if (model.has(slot)) deadlines.move(slot);
            else deadlines.add(slot);
            model.set(slot, deadline);
          } else if (model.delete(slot)) deadlines.remove(slot);
          const first = deadlines.first;
          expect(first === -1 ? undefined : model.get(first)).toBe(
            model.size === 0 ? undefined : Math.min(...model.values()),
          );
        }
      }),
    );
  });
});

describe("Recency", () => {
  it("gives the slot that was used the longest ago", () => {
    const step = fc.record({ slot: slots, act: fc.constantFrom("use", "remove") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const recency = new Recency();
        let model: number[] = [];
        for (const { slot, act } of steps) {
          const known = model.includes(slot);
          model = model.filter((other) => other !== slot);
          if (act === "use") {
            if (known) recency.use(slot);
            else recency.add(slot);
            model.push(slot);
          } else if (known) recency.remove(slot);
          expect(recency.oldest).toBe(model[0] ?? -1);
        }
      }),
    );
  });
});

describe("UserLists", () => {
  it("keeps each user's slots in order, whatever comes and goes", () => {
    const step = fc.record({ slot: slots, user: fc.constantFrom("a", "b"), rank: fc.integer({ min: 0, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const ranks = new Map<number, { user: string; rank: number }>();
        const order = (a: number, b: number): number => (ranks.get(a)?.rank ?? 0) - (ranks.get(b)?.rank ?? 0) || a - b;
        const lists = new UserLists((a, b) => order(a, b) < 0);
        for (const { slot, user, rank } of steps) {
          const known = ranks.get(slot);
          if (known) {
            lists.remove(known.user, slot);
            ranks.delete(slot);
          } else {
            ranks.set(slot, { user, rank });
            lists.add(user, slot);
          }
          for (const each of ["a", "b"]) {
            const expected = [...ranks.keys()].filter((other) => ranks.get(other)?.user === each).sort(order);
            expect([...lists.of(each)]).toEqual(expected);
          }
        }
      }),
    );
  });

  it("can lose the slot just given while it is walked through", () => {
    const lists = new UserLists((a, b) => a < b);
    for (const slot of [1, 2, 3, 4]) lists.add("a", slot);
    const seen: number[] = [];
    for (const slot of lists.of("a")) {
      seen.push(slot);
      lists.remove("a", slot);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect([...lists.of("a")]).toEqual([]);
  });
});

describe("SlotIndex", () => {
  it("finds by the whole text", () => {
    const index = new SlotIndex();
    const texts = ["", "a", "A", "aa", "__proto__", "x".repeat(1000), `y${"x".repeat(999)}`, "ü\u{1f36a}", "\u0000"];
    for (const [slot, text] of texts.entries()) index.set(text, slot);
    expect(texts.map((text) => index.get(text))).toEqual(texts.map((_, slot) => slot));
    index.delete("a");
    expect([index.get("a"), index.get("A"), index.get("unknown")]).toEqual([-1, 2, -1]);
  });
});
