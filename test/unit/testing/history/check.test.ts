import { describe, expect, it } from "vitest";
import { checkHistory } from "../../../../src/testing/history/check.ts";
import type { HistoryAnswer, HistoryCall, HistoryEvent } from "../../../../src/testing/history/event.ts";

/** A call: between which instants, what, and what was answered. No `until`: the answer was lost. */
interface Row {
  readonly at: readonly [from: number, until?: number];
  readonly call: HistoryCall;
  readonly told?: HistoryAnswer["value"];
  readonly more?: Omit<HistoryAnswer, "value">;
  readonly begun?: number;
  readonly fail?: true;
  readonly client?: string;
}

function history(...rows: readonly Row[]): HistoryEvent[] {
  return rows.flatMap(({ at: [from, until], call, told, more, begun, fail, client: name }, index) => {
    const client = name ?? `c${index}`;
    const stamp = { id: `${index}`, client };
    const events: HistoryEvent[] = [{ type: "invoke", ...stamp, time: from, ...call }];
    if (begun !== undefined) events.push({ type: "begun", ...stamp, time: begun });
    if (until !== undefined) {
      events.push(
        fail
          ? { type: "fail", ...stamp, time: until }
          : { type: "ok", ...stamp, time: until, ...(told === undefined ? {} : { value: told }), ...more },
      );
    }
    return events;
  });
}

const verdictOf = (...rows: readonly Row[]): string => checkHistory(history(...rows)).verdict;

const create: Row = { at: [0, 1], call: { op: "create", key: "s", value: "a" }, told: true };
const createCount: Row = { at: [0, 1], call: { op: "create", key: "s", value: 0 }, told: true };
const login: Row = { at: [0, 1], call: { op: "login", key: "s", user: "ann" } };
const read = (from: number, until: number, told: HistoryAnswer["value"]): Row => ({
  at: [from, until],
  call: { op: "read", key: "s" },
  told,
});
const valid = (from: number, until: number, told: boolean): Row => ({
  at: [from, until],
  call: { op: "valid", key: "s" },
  told,
});
const swap = (expected: string, value: string, at: Row["at"], told?: HistoryAnswer["value"]): Row => ({
  at,
  call: { op: "compareAndSet", key: "s", expected, value },
  told,
});
const add = (at: Row["at"], told?: HistoryAnswer["value"]): Row => ({ at, call: { op: "increment", key: "s" }, told });
const end = (at: Row["at"], told?: boolean): Row => ({ at, call: { op: "delete", key: "s" }, told });
const revoke = (...at: Row["at"]): Row => ({ at, call: { op: "revokeUser", user: "ann" } });

describe("checkHistory() of one session's register", () => {
  it.each<[string, string, readonly Row[]]>([
    ["legal", "nothing at all", []],
    ["legal", "one after the other", [create, read(2, 3, "a"), swap("a", "b", [4, 5], "ok"), read(6, 7, "b")]],
    ["legal", "a read that overlaps a write, before it", [create, swap("a", "b", [2, 6], "ok"), read(3, 4, "a")]],
    ["legal", "a read that overlaps a write, after it", [create, swap("a", "b", [2, 6], "ok"), read(3, 4, "b")]],
    [
      "illegal",
      "two reads that see a write and then see it no more",
      [create, swap("a", "b", [2, 9], "ok"), read(3, 4, "b"), read(5, 6, "a")],
    ],
    ["illegal", "a stale read", [create, swap("a", "b", [2, 3], "ok"), read(4, 5, "a")]],
    ["illegal", "a read of what nobody wrote", [create, read(2, 3, "z")]],
    ["illegal", "a read of what is written later", [create, read(2, 3, "b"), swap("a", "b", [4, 5], "ok")]],
    ["illegal", "a read before anything was made", [read(0, 1, "a"), { ...create, at: [2, 3] }]],
    ["illegal", "two writes over one value", [create, swap("a", "b", [2, 5], "ok"), swap("a", "c", [2, 5], "ok")]],
    [
      "legal",
      "one that wins, and one that is told what won",
      [create, swap("a", "b", [2, 5], "ok"), { ...swap("a", "c", [2, 5], "conflict"), more: { current: "b" } }],
    ],
    [
      "illegal",
      "a conflict with what never was",
      [create, swap("a", "b", [2, 5], "ok"), { ...swap("a", "c", [2, 5], "conflict"), more: { current: "z" } }],
    ],
    ["illegal", "a conflict with nobody", [create, swap("a", "b", [2, 3], "conflict")]],
    ["legal", "sums of calls that overlap", [createCount, add([2, 9], 3), add([2, 9], 1), add([2, 9], 2)]],
    ["illegal", "one sum twice", [createCount, add([2, 9], 1), add([2, 9], 1)]],
    ["illegal", "a sum that leaves one out", [createCount, add([2, 3], 1), add([4, 5], 3)]],
    ["legal", "a sum with a lost one in it", [createCount, add([2]), add([4, 5], 2)]],
    ["legal", "a lost one that comes late", [createCount, add([2]), add([4, 5], 1), read(6, 7, 1), read(8, 9, 2)]],
    ["illegal", "a lost one that counts twice", [createCount, add([2]), add([4, 5], 2), add([6, 7], 4)]],
    ["illegal", "a lost one that is undone", [createCount, add([2]), read(3, 4, 1), read(5, 6, 0)]],
    ["illegal", "back after a delete", [create, end([2, 3], true), read(4, 5, "a")]],
    ["legal", "a read while a delete is under way", [create, end([2, 9], true), read(3, 4, "a"), read(5, 6, null)]],
    ["illegal", "ended twice", [create, end([2, 5], true), end([2, 5], true)]],
    ["legal", "ended once, and told so once", [create, end([2, 5], true), end([2, 5], false)]],
    ["legal", "a lost delete that comes later", [create, end([2]), read(3, 4, "a"), read(5, 6, null)]],
    ["illegal", "a lost delete that is undone", [create, end([2]), read(3, 4, null), read(5, 6, "a")]],
    ["illegal", "a write that brings it back", [create, end([2, 3], true), swap("a", "b", [4, 5], "ok")]],
    ["legal", "a write that is gone", [create, end([2, 3], true), swap("a", "b", [4, 5], "gone")]],
    ["illegal", "a lost write that brings it back", [create, end([2, 3], true), swap("a", "b", [4]), read(6, 7, "b")]],
    ["illegal", "made twice", [create, { ...create, at: [2, 3] }]],
    ["illegal", "made again after a delete", [create, end([2, 3], true), { ...create, at: [4, 5] }]],
    ["legal", "made twice at once, once refused", [create, { ...create, told: false }]],
    [
      "legal",
      "a chain of lost writes",
      [create, swap("a", "b", [2]), swap("b", "c", [3]), swap("c", "d", [4]), read(5, 6, "d")],
    ],
    [
      "illegal",
      "a chain of lost writes that lacks one",
      [create, swap("a", "b", [2]), swap("c", "d", [4]), read(5, 6, "d")],
    ],
    ["illegal", "a failed write that is seen", [create, { ...swap("a", "b", [2, 3]), fail: true }, read(4, 5, "b")]],
    ["illegal", "gone without anybody's doing", [create, read(2, 3, null)]],
  ])("is %s: %s", (verdict, _, rows) => {
    expect(verdictOf(...rows)).toBe(verdict);
  });
});

describe("checkHistory() of logins and revocations", () => {
  const late: Row = { ...login, at: [0, 20], begun: 2 };
  it.each<[string, string, readonly Row[]]>([
    ["legal", "revoked", [login, valid(2, 3, true), revoke(4, 5), valid(6, 7, false)]],
    ["illegal", "valid once the revocation was answered", [login, revoke(4, 5), valid(6, 7, true)]],
    [
      "legal",
      "valid while the revocation is under way",
      [login, revoke(4, 9), valid(5, 6, true), valid(10, 11, false)],
    ],
    ["illegal", "valid, not, and valid", [login, revoke(4, 9), valid(5, 6, false), valid(7, 8, true)]],
    [
      "legal",
      "valid after a login that overlaps the revocation",
      [{ ...login, at: [0, 9] }, revoke(2, 5), valid(10, 11, true)],
    ],
    ["illegal", "valid after one that had begun", [late, revoke(4, 8), valid(21, 22, true)]],
    ["legal", "not valid after one that had begun", [{ ...late, fail: true }, revoke(4, 8), valid(21, 22, false)]],
    [
      "legal",
      "begun while the revocation was under way",
      [{ ...login, at: [0, 20], begun: 6 }, revoke(4, 8), valid(21, 22, true)],
    ],
    [
      "illegal",
      "valid after a lost one that had begun",
      [{ ...login, at: [0], begun: 2 }, revoke(4, 8), valid(21, 22, true)],
    ],
    [
      "legal",
      "of another user",
      [{ ...login, call: { op: "login", key: "s", user: "bob" } }, revoke(4, 5), valid(6, 7, true)],
    ],
    [
      "legal",
      "the one that is spared",
      [login, { at: [4, 5], call: { op: "revokeUser", user: "ann", except: "s" } }, valid(6, 7, true)],
    ],
    ["illegal", "valid after revokeAll", [login, { at: [4, 5], call: { op: "revokeAll" } }, valid(6, 7, true)]],
    ["legal", "a lost revocation, late", [login, revoke(2), valid(4, 5, true), valid(6, 7, false)]],
    ["illegal", "a lost revocation, undone", [login, revoke(2), valid(4, 5, false), valid(6, 7, true)]],
    ["illegal", "logged out by nobody", [login, valid(2, 3, false)]],
    ["illegal", "valid after a refused login", [{ ...login, fail: true }, valid(2, 3, true)]],
    [
      "legal",
      "ended by a login at the limit",
      [
        login,
        { at: [2, 3], call: { op: "login", key: "t", user: "ann", mayEvict: true }, more: { evicted: ["s"] } },
        valid(4, 5, false),
      ],
    ],
    [
      "illegal",
      "valid after a login that ended it",
      [
        login,
        { at: [2, 3], call: { op: "login", key: "t", user: "ann", mayEvict: true }, more: { evicted: ["s"] } },
        valid(4, 5, true),
      ],
    ],
    [
      "legal",
      "perhaps ended by a login whose answer was lost",
      [login, { at: [2], call: { op: "login", key: "t", user: "ann", mayEvict: true } }, valid(4, 5, false)],
    ],
  ])("is %s: %s", (verdict, _, rows) => {
    expect(verdictOf(...rows)).toBe(verdict);
  });
});

describe("checkHistory() says", () => {
  const calls = (...rows: readonly Row[]): unknown => {
    const [contradiction] = checkHistory(history(...rows)).contradictions;
    return contradiction?.calls.map(({ asked, answered }) => `${asked} → ${answered}`);
  };

  it("which calls contradict each other, and no others", () => {
    const noise = Array.from({ length: 30 }, (_, index) => valid(2 + index, 3 + index, true));
    expect(
      calls(create, ...noise, swap("a", "b", [40, 41], "ok"), read(42, 43, "b"), swap("a", "c", [44, 45], "ok")),
    ).toEqual(['compareAndSet "a" → "b" → "ok"', 'compareAndSet "a" → "c" → "ok"']);
    expect(calls(login, ...noise, revoke(50, 51), valid(52, 53, false), valid(54, 55, true))).toEqual([
      'login of "ann" → done',
      'revokeUser "ann" → done',
      "valid → true",
    ]);
    expect(calls(create, ...noise, read(50, 51, "z"))).toEqual(['read → "z"']);
    expect(calls(createCount, add([2, 3], 1), add([4, 5], 2), add([6, 7], 2))).toEqual([
      "increment → 2",
      "increment → 2",
    ]);
  });

  it("how many others fit, and in which session it was", () => {
    const events = history(create, read(2, 3, "a"), end([4, 5], true), read(6, 7, "a"));
    const { contradictions, sessions, operations, lost } = checkHistory(events);
    expect(contradictions).toMatchObject([{ key: "s", others: 2 }]);
    expect({ sessions, operations, lost }).toEqual({ sessions: 1, operations: 4, lost: 0 });
  });

  it("undecided, not legal or illegal, where it would have to try too much", () => {
    const writes = Array.from(
      { length: 24 },
      (_, index): Row => ({
        at: [2 + index / 100, 10 + index / 100],
        call: { op: "write", key: "s", value: `v${index}` },
        told: true,
      }),
    );
    const events = history(create, ...writes, read(20, 21, "v1"), read(22, 23, "v1"));
    const result = checkHistory(events, { steps: 50_000 });
    expect(result).toMatchObject({ verdict: "undecided", undecided: ["s"], contradictions: [] });
    expect(result.steps).toBeLessThan(100_000);
  });

  it("illegal all the same, where the contradiction is apart from what was too much", () => {
    const writes = Array.from(
      { length: 24 },
      (_, index): Row => ({
        at: [2 + index / 100, 10 + index / 100],
        call: { op: "write", key: "s", value: `v${index}` },
        told: true,
      }),
    );
    const events = history(create, ...writes, end([20, 21], true), read(22, 23, "v2"));
    expect(checkHistory(events, { steps: 50_000 })).toMatchObject({ verdict: "illegal" });
  });

  it("what is no history", () => {
    const [invoke, ok] = history(create) as [HistoryEvent, HistoryEvent];
    expect(() => checkHistory([ok])).toThrow('"ok" of "0", which is not under way');
    expect(() => checkHistory([invoke, ok, ok])).not.toThrow();
    expect(() => checkHistory([invoke, invoke])).toThrow('two calls have the id "0"');
  });
});

describe("checkHistory() of a long history", () => {
  /** So many clients, each with a call under way at any time, and one in so many answers lost. */
  function long(
    calls: number,
    clients: number,
    lostEvery: number,
    of: (number: number, at: number) => Row,
  ): HistoryEvent[] {
    const rows = Array.from({ length: calls }, (_, index) => of(index + 1, 2 + index * 2));
    const events = history(
      createCount,
      ...rows.map((row, index): Row => {
        const [from] = row.at;
        return { ...row, at: (index + 1) % lostEvery === 0 ? [from] : [from, from + clients * 2 - 1] };
      }),
    );
    return events;
  }

  it("takes a few steps a call, with thousands of lost answers on one session", () => {
    const events = long(30_000, 8, 5, (number, at) => add([at], number));
    const result = checkHistory(events);
    expect(result).toMatchObject({ verdict: "legal", operations: 30_001, lost: 6_000 });
    expect(result.steps).toBeLessThan(30 * 30_000);
  });

  it("finds one wrong answer in it, and says which", () => {
    const events = long(5_000, 4, 5, (number, at) => add([at], number === 4_444 ? 4_000 : number));
    const { verdict, contradictions } = checkHistory(events);
    expect(verdict).toBe("illegal");
    expect(contradictions[0]?.calls.map(({ answered }) => answered)).toContain("4000");
    expect(contradictions[0]?.calls.length).toBeLessThan(4);
  });

  it("does so with writes that compare", () => {
    const events = long(10_000, 6, 7, (number, at) => swap(`${number - 1}`, `${number}`, [at], "ok"));
    const [first, ...rest] = events;
    const start = { ...first, value: "0" } as HistoryEvent;
    const result = checkHistory([start, ...rest]);
    expect(result).toMatchObject({ verdict: "legal" });
    expect(result.steps).toBeLessThan(30 * 10_000);
  });
});
