/**
 * The search's stock of calls without an answer: how many of a kind are left, and which of them lead to a state that an
 * answer asks for.
 */
import type { HistoryAnswer, HistoryValue } from "./event.ts";
import type { Action, SessionState } from "./session-state.ts";
import { step } from "./session-state.ts";

/** How many of each kind of lost operation an attempt has let happen, by kind. */
export type Spent = ReadonlyMap<string, number>;

/**
 * Where one answer has more explanations than this, the search goes on with what it has, and does not say "illegal".
 */
const MOST_WAYS = 200;
const MOST_STEPS = 50_000;

const NOTHING_SPENT: Spent = new Map();

/** Operations whose answer was lost and that do the same: which of them happened makes no difference, only how many. */
interface Kind {
  readonly name: string;
  readonly action: Action;
  count: number;
}

/** A state that can be had by letting some lost operations happen. */
export interface Reached {
  readonly state: SessionState;
  readonly spent: Spent;
}

/**
 * Operations whose answer was lost. Each may happen at any later time or never, so it is let happen only where the
 * answer of another cannot be explained without: right before that. What is left over is never in anybody's way.
 */
export class LostOperations {
  readonly #kinds = new Map<string, Kind>();
  /** Those that leave this value. */
  readonly #leaving = new Map<HistoryValue, Kind[]>();
  readonly #creating: Kind[] = [];
  readonly #adding: Kind[] = [];
  readonly #ending: Kind[] = [];
  /** Whether there are any that put another value in the place of one. */
  #replacing = false;
  #steps = 0;
  #incomplete = false;

  /** Counts what was looked at. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether not every way was looked at somewhere, so that finding none proves nothing. */
  get incomplete(): boolean {
    return this.#incomplete;
  }

  /** One more was called. */
  add(action: Action): void {
    const name = nameOf(action);
    if (name === undefined) return;
    const known = this.#kinds.get(name);
    if (known) {
      known.count += 1;
      return;
    }
    const kind: Kind = { name, action, count: 1 };
    this.#kinds.set(name, kind);
    if (action.op === "create" || action.op === "admit") this.#creating.push(kind);
    if (action.op === "write" || action.op === "compareAndSet") this.#replacing = true;
    if (action.op === "increment") this.#adding.push(kind);
    else if ("value" in action) {
      const others = this.#leaving.get(action.value);
      if (others) others.push(kind);
      else this.#leaving.set(action.value, [kind]);
    } else this.#ending.push(kind);
  }

  /** What all attempts have spent is gone for good. */
  settle(attempts: readonly Spent[]): readonly Spent[] {
    const [first] = attempts;
    if (first === undefined || first.size === 0) return attempts;
    const common = new Map<string, number>();
    for (const [name, count] of first) {
      const least = attempts.reduce((low, spent) => Math.min(low, spent.get(name) ?? 0), count);
      if (least > 0) common.set(name, least);
    }
    if (common.size === 0) return attempts;
    for (const [name, count] of common) (this.#kinds.get(name) as Kind).count -= count;
    return attempts.map((spent) => {
      const rest = [...spent].map(([name, count]) => [name, count - (common.get(name) ?? 0)] as const);
      return new Map(rest.filter(([, count]) => count > 0));
    });
  }

  /** The ways to a state in which the action would have answered so; none where it would have anyhow. */
  before(action: Action, answer: HistoryAnswer, state: SessionState, spent: Spent): readonly Reached[] {
    if (state.phase === "dead" || this.#kinds.size === 0) return [];
    const told = answer.value;
    switch (action.op) {
      case "create":
      case "admit":
        return told === false ? this.#alive(state, spent) : [];
      case "begin":
        return [];
      case "revoke":
        return this.#alive(state, spent);
      case "delete":
        return told === false ? this.#ended(state, spent) : this.#alive(state, spent);
      case "read":
        if (told === null) return this.#ended(state, spent);
        return told === undefined ? [] : this.#holding(told, state, spent);
      case "valid":
        return told === false ? this.#ended(state, spent) : this.#alive(state, spent);
      default:
        if (told === false || told === null || told === "gone") return this.#ended(state, spent);
        return this.#changed(action, answer, state, spent);
    }
  }

  #changed(
    action: Action & { op: "write" | "compareAndSet" | "increment" },
    { value: told, current }: HistoryAnswer,
    state: SessionState,
    spent: Spent,
  ): readonly Reached[] {
    if (action.op === "write") return this.#alive(state, spent);
    if (action.op === "increment") {
      if (typeof told === "number") return this.#holding(told - action.by, state, spent);
      // Nobody was told the sum, so any way to any number might matter; this takes the shortest only.
      if (this.#replacing) this.#incomplete = true;
      return [...this.#alive(state, spent), ...this.#oneOff(state, spent)];
    }
    if (told !== "conflict") return this.#holding(action.expected, state, spent);
    if (current !== undefined) return current === action.expected ? [] : this.#holding(current, state, spent);
    const alive = this.#alive(state, spent);
    return [...alive, ...[{ state, spent }, ...alive].flatMap((from) => this.#oneOff(from.state, from.spent))];
  }

  /** Every state that one lost operation makes of this one. */
  #oneOff(state: SessionState, spent: Spent): readonly Reached[] {
    return [...this.#kinds.values()].flatMap((kind) => this.#let(kind, state, spent));
  }

  #alive(state: SessionState, spent: Spent): readonly Reached[] {
    if (state.phase === "live") return [];
    return this.#creating.flatMap((kind) => this.#let(kind, state, spent));
  }

  #ended(state: SessionState, spent: Spent): readonly Reached[] {
    return this.#ending.flatMap((kind) => this.#let(kind, state, spent)).slice(0, 1);
  }

  /** From the value back to what there is, one lost operation at a time. A write need not know what was before it. */
  #holding(wanted: HistoryValue, state: SessionState, spent: Spent): readonly Reached[] {
    const found: Reached[] = [];
    type Need = {
      readonly value: HistoryValue;
      readonly spent: Spent;
      readonly path: ReadonlySet<HistoryValue> | null;
    };
    const last = this.#steps + MOST_STEPS;
    const open: Need[] = [{ value: wanted, spent, path: null }];
    for (let need = open.pop(); need !== undefined; need = open.pop()) {
      const { value } = need;
      if (found.length >= MOST_WAYS || this.#steps > last) {
        this.#incomplete = true;
        return found;
      }
      const kinds = this.#leaving.get(value) ?? [];
      for (const kind of typeof value === "number" ? [...kinds, ...this.#adding] : kinds) {
        this.#steps += 1;
        const left = kind.count - (need.spent.get(kind.name) ?? 0);
        if (left <= 0) continue;
        const next = plusOne(need.spent, kind);
        const done = (from: SessionState, paid: Spent): void => {
          if (step(from, kind.action, {})) found.push({ state: { phase: "live", value: wanted }, spent: paid });
        };
        if (kind.action.op !== "compareAndSet" && kind.action.op !== "increment") {
          done(state, next);
          if (kind.action.op === "write") for (const entry of this.#alive(state, next)) done(entry.state, entry.spent);
          continue;
        }
        const before = kind.action.op === "increment" ? (value as number) - kind.action.by : kind.action.expected;
        if (state.phase === "live" && (state.value === before || state.value === null)) {
          done(state, next);
          if (state.value === before) continue;
        }
        if (kind.action.op === "increment") open.push({ value: before, spent: next, path: need.path });
        else if (!need.path?.has(before))
          open.push({ value: before, spent: next, path: new Set([...(need.path ?? [wanted]), before]) });
      }
    }
    return found;
  }

  #let(kind: Kind, state: SessionState, spent: Spent): Reached[] {
    this.#steps += 1;
    if (kind.count - (spent.get(kind.name) ?? 0) <= 0) return [];
    const after = step(state, kind.action, {});
    if (after === undefined || after === state) return [];
    // What has ended stays so: what it took to get there is of no more interest.
    return [{ state: after, spent: after.phase === "dead" ? NOTHING_SPENT : plusOne(spent, kind) }];
  }
}

function plusOne(spent: Spent, { name }: Kind): Spent {
  return new Map(spent).set(name, (spent.get(name) ?? 0) + 1);
}

/** Operations of one name do the same. Undefined for what does nothing. */
function nameOf(action: Action): string | undefined {
  switch (action.op) {
    case "read":
    case "valid":
    case "begin":
      return undefined;
    case "compareAndSet":
      return `${action.op} ${JSON.stringify([action.expected, action.value])}`;
    case "increment":
      return `${action.op} ${action.by}`;
    case "delete":
    case "revoke":
      return action.op;
    default:
      return `${action.op} ${JSON.stringify(action.value)}`;
  }
}
