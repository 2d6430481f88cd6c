/**
 * Looks for an order of one session's operations that explains every answer (linearisability).
 *
 * The history is walked through in time with all the states that the session may be in (Lowe's just-in-time
 * linearisation): an operation is put in order when its answer comes, and those that are under way at that moment
 * before it or not. What is kept is only what can still make a difference, and it is forgotten as soon as nothing is
 * under way, so a long history costs no more than its busiest moment. Those whose answer was lost are let happen only
 * where they are needed.
 */
import { LostOperations, type Spent } from "./lost.ts";
import type { Operation } from "./operation.ts";
import { ANYTHING, isObservation, NONE, type SessionState, stateKey, step } from "./session-state.ts";

/** How much to look at before giving up, and how far clocks may be apart. */
export interface SearchLimits {
  /** Steps for the whole history. */
  readonly steps: number;
  /** Milliseconds by which clients' clocks may differ. */
  readonly skew: number;
}

export interface SearchResult {
  readonly verdict: "legal" | "illegal" | "undecided";
  /** Where it is illegal: the operation whose answer cannot be explained in any order with those before it. */
  readonly failedAt: number | undefined;
  /** How much was looked at. */
  readonly steps: number;
}

/** One way in which it may have gone so far. */
interface Attempt {
  readonly state: SessionState;
  /** Operations that are under way and not put in order yet. */
  readonly waiting: readonly number[];
  readonly spent: Spent;
}

const NOTHING: Spent = new Map();

/** As many ways as may be kept in mind at a time. */
const MOST_ATTEMPTS = 20_000;

/** One answer may take this share of all steps. */
const SHARE = 20;

export function search(operations: readonly Operation[], limits: SearchLimits): SearchResult {
  return new Search(operations, limits).run();
}

class Search {
  readonly #operations: readonly Operation[];
  readonly #limits: SearchLimits;
  readonly #lost = new LostOperations();
  readonly #earlier: readonly (number | undefined)[];
  /** Nothing but sums are written, and they only grow: what has been passed does not come back. */
  readonly #grows: boolean;
  #attempts: readonly Attempt[] = [{ state: NONE, waiting: [], spent: NOTHING }];
  #underWay = 0;
  #steps = 0;
  /** An answer was too much: until nothing is under way, none is judged. */
  #lostTrack = false;
  #gaveUp = false;

  constructor(operations: readonly Operation[], limits: SearchLimits) {
    this.#operations = operations;
    this.#limits = limits;
    this.#earlier = earlierOfSameClient(operations);
    this.#grows = operations.every(({ action }) => {
      if (action.op === "increment") return action.by > 0;
      return action.op !== "write" && action.op !== "compareAndSet";
    });
  }

  run(): SearchResult {
    for (const { index, end } of pointsOf(this.#operations, this.#limits.skew)) {
      const { action, answer } = this.#operations[index] as Operation;
      if (end) {
        if (!this.#answered(index)) {
          const verdict = this.#lost.incomplete ? "undecided" : "illegal";
          return { verdict, failedAt: index, steps: this.#spentSteps() };
        }
      } else if (answer === undefined) this.#lost.add(action);
      else this.#called(index);
      if (this.#spentSteps() > this.#limits.steps) {
        return { verdict: "undecided", failedAt: undefined, steps: this.#spentSteps() };
      }
    }
    return { verdict: this.#gaveUp ? "undecided" : "legal", failedAt: undefined, steps: this.#spentSteps() };
  }

  #spentSteps(): number {
    return this.#steps + this.#lost.steps;
  }

  #called(index: number): void {
    this.#underWay += 1;
    if (this.#lostTrack) return;
    const next = new Map<string, Attempt>();
    for (const attempt of this.#attempts) {
      const called = this.#observe({ ...attempt, waiting: [...attempt.waiting, index] });
      next.set(attemptKey(called), called);
    }
    this.#attempts = [...next.values()];
  }

  /** False where no attempt explains the answer. */
  #answered(index: number): boolean {
    this.#underWay -= 1;
    if (!this.#lostTrack) {
      const next = this.#explain(index);
      if (next === undefined) {
        this.#lostTrack = true;
        this.#gaveUp = true;
      } else {
        if (next.length === 0) return false;
        this.#forget(next);
      }
    }
    if (this.#underWay === 0) this.#quiet();
    return true;
  }

  /**
   * Nothing is under way: whatever was too much is over, and what comes is judged from any state that may have come of
   * it.
   */
  #quiet(): void {
    if (this.#lostTrack) this.#attempts = ANYTHING.map((state) => ({ state, waiting: [], spent: NOTHING }));
    this.#lostTrack = false;
  }

  #forget(attempts: readonly Attempt[]): void {
    const spent = this.#lost.settle(attempts.map((attempt) => attempt.spent));
    this.#attempts = attempts.map((attempt, at) => ({ ...attempt, spent: spent[at] as Spent }));
  }

  /** Every way in which the operation has happened by now; undefined where they are too many. */
  #explain(index: number): readonly Attempt[] | undefined {
    const explained = new Map<string, Attempt>();
    const seen = new Set<string>();
    const open = [...this.#attempts];
    const most = this.#spentSteps() + this.#limits.steps / SHARE;
    for (let attempt = open.pop(); attempt !== undefined; attempt = open.pop()) {
      if (!attempt.waiting.includes(index)) {
        explained.set(attemptKey(attempt), attempt);
        continue;
      }
      for (const next of this.#moves(attempt)) {
        const key = attemptKey(next);
        if (seen.has(key) || this.#isTooLate(next)) continue;
        seen.add(key);
        open.push(next);
      }
      if (seen.size > MOST_ATTEMPTS || this.#spentSteps() > most) return undefined;
    }
    return [...explained.values()];
  }

  /** Whether something that is waiting was told a number that has been passed, so that the attempt leads nowhere. */
  #isTooLate({ state: { value }, waiting }: Attempt): boolean {
    if (!this.#grows || typeof value !== "number") return false;
    return waiting.some((index) => {
      const { action, answer } = this.#operations[index] as Operation;
      if (typeof answer?.value !== "number") return false;
      return answer.value - (action.op === "increment" ? action.by : 0) < value;
    });
  }

  /** Each operation that is waiting, put next. */
  #moves(attempt: Attempt): readonly Attempt[] {
    const { state, waiting, spent } = attempt;
    const moves: Attempt[] = [];
    for (const index of waiting) {
      if (!this.#mayBeNext(index, waiting)) continue;
      this.#steps += 1;
      const { action, answer = {} } = this.#operations[index] as Operation;
      const rest = waiting.filter((other) => other !== index);
      const go = (from: SessionState, paid: Spent): boolean => {
        const after = step(from, action, answer);
        // What has ended stays so, whatever lost operation comes yet.
        const still = after?.phase === "dead" ? NOTHING : paid;
        if (after) moves.push(this.#observe({ state: after, waiting: rest, spent: still }));
        return after !== undefined;
      };
      // Where the answer tells what the state was, letting something lost happen before gains nothing.
      const explained = go(state, spent);
      if (explained && tellsState(this.#operations[index] as Operation)) continue;
      for (const reached of this.#lost.before(action, answer, state, spent)) go(reached.state, reached.spent);
    }
    return moves;
  }

  /** What only looked, and fits, is put in order at once: it changes nothing and so is in nobody's way. */
  #observe(attempt: Attempt): Attempt {
    const { state, waiting, spent } = attempt;
    const rest = waiting.filter((index) => {
      const { action, answer = {} } = this.#operations[index] as Operation;
      if (!isObservation(action, answer) || !this.#mayBeNext(index, waiting)) return true;
      const after = step(state, action, answer);
      return after === undefined || stateKey(after) !== stateKey(state);
    });
    if (rest.length === waiting.length) return attempt;
    return this.#observe({ state, waiting: rest, spent });
  }

  /** Clocks may be apart, but a client knows the order of its own calls. */
  #mayBeNext(index: number, waiting: readonly number[]): boolean {
    const earlier = this.#earlier[index];
    return earlier === undefined || !waiting.includes(earlier);
  }
}

/**
 * Whether every state in which the answer fits leads to the same one, so that one way to explain it is as good as any.
 */
function tellsState({ action, answer = {} }: Operation): boolean {
  if (action.op === "delete" || action.op === "increment") return answer.value !== undefined;
  return action.op !== "revoke";
}

function attemptKey({ state, waiting, spent }: Attempt): string {
  const paid = spent.size === 0 ? "" : [...spent].map(([name, count]) => `${name}×${count}`).sort();
  return `${stateKey(state)}|${waiting.join()}|${paid}`;
}

interface Point {
  readonly at: number;
  readonly index: number;
  readonly end: boolean;
}

/** When each was called and when its answer came, in order; of two at one instant the call comes first. */
function pointsOf(operations: readonly Operation[], skew: number): readonly Point[] {
  const points: Point[] = [];
  operations.forEach(({ from, until, answer }, index) => {
    points.push({ at: from - skew / 2, index, end: false });
    if (answer !== undefined) points.push({ at: until + skew / 2, index, end: true });
  });
  return points.sort((a, b) => a.at - b.at || Number(a.end) - Number(b.end) || a.index - b.index);
}

/** For each operation the last one of its client that was over when it was called. */
function earlierOfSameClient(operations: readonly Operation[]): readonly (number | undefined)[] {
  const last = new Map<string, number>();
  return operations.map(({ invoked, from, answer, until }, index) => {
    const known = last.get(invoked.client);
    const earlier = known !== undefined && (operations[known] as Operation).until <= from ? known : undefined;
    const latest = known === undefined ? Number.NEGATIVE_INFINITY : (operations[known] as Operation).until;
    if (answer !== undefined && (earlier !== undefined || until < latest || known === undefined))
      last.set(invoked.client, index);
    return earlier;
  });
}
