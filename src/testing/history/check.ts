/**
 * The verdict on a recorded history: each session is searched by itself, and where no order explains its answers, the
 * calls that contradict each other are put in words.
 */
import type { HistoryEvent } from "./event.ts";
import { excerpt } from "./excerpt.ts";
import { type Operation, operationsBySession } from "./operation.ts";
import { search } from "./search.ts";

/** How much to look at, and how far clocks may be apart. */
export interface CheckOptions {
  /**
   * Steps, a whole number, to look at for one session before giving up with "undecided"; default 1,000,000, which is
   * some seconds, or 100 a call where that is more. A history whose answers tell what was found takes a few steps a
   * call.
   */
  readonly steps?: number | undefined;
  /**
   * Milliseconds by which the clocks of the clients may differ; default 0. Calls so near to each other have no order
   * then.
   */
  readonly skew?: number | undefined;
}

/** One session whose answers no order explains. */
export interface Contradiction {
  readonly key: string;
  /** The calls that contradict each other, in the order in which they were made: as few as were found to do. */
  readonly calls: readonly ContradictingCall[];
  /** How many other calls met this session until then, which fit. */
  readonly others: number;
}

/** A call of a contradiction. */
export interface ContradictingCall {
  readonly id: string;
  readonly client: string;
  /** What was asked: "compareAndSet a → b". */
  readonly asked: string;
  /** What was answered: "ok", "conflict, holds c". */
  readonly answered: string;
  /** When it was called and answered, in milliseconds since the first call of the history. */
  readonly from: number;
  readonly until: number;
}

/** What came of a check. */
export interface HistoryVerdict {
  /**
   * `"legal"`: for each session there is an order that explains every answer. `"illegal"`: for at least one there is
   * none. `"undecided"`: none was found wanting, but at least one took too many steps.
   */
  readonly verdict: "legal" | "illegal" | "undecided";
  readonly sessions: number;
  /** Operations on sessions; a `revokeUser` counts for each session that it met. */
  readonly operations: number;
  /** How many of these have no known answer. */
  readonly lost: number;
  /** How much was looked at. */
  readonly steps: number;
  readonly contradictions: readonly Contradiction[];
  /** Keys of sessions that took too many steps. */
  readonly undecided: readonly string[];
}

/**
 * For so many sessions the fewest calls are looked for; for more than these, the one that could not be explained has to
 * do.
 */
const MOST_EXCERPTS = 20;

/**
 * Decides whether a recorded history is one that correct sessions could have given: whether, for every session, the
 * calls can be put in an order that keeps to the times of call and answer and in which each answer is that of a single
 * copy with no concurrency (linearisability). A session is created once and never comes back; a login that was over, or
 * had begun, when `revokeUser` was called is ended by it. Each session is judged by itself: that `revokeUser` ends all
 * sessions at one instant is not asked.
 *
 * @throws HistoryFormatError for an answer without a call, and for two calls with one id.
 *
 * @example
 * ```ts
 * const recorder = historyRecorder();
 * const [ann, bob] = [recorder.client("ann"), recorder.client("bob")];
 * ann.invoke({ op: "create", key: "s", value: 0 }).ok({ value: true });
 * ann.invoke({ op: "increment", key: "s" }).ok({ value: 1 });
 * bob.invoke({ op: "increment", key: "s" }).ok({ value: 1 }); // lost one
 * const { verdict, contradictions } = checkHistory(recorder.events);
 * verdict; // → "illegal"
 * contradictions[0]?.calls.map((call) => call.client); // → ["ann", "bob"]
 * ```
 */
export function checkHistory(events: Iterable<HistoryEvent>, options: CheckOptions = {}): HistoryVerdict {
  const skew = options.skew ?? 0;
  const sessions = operationsBySession(events, skew);
  const contradictions: Contradiction[] = [];
  const undecided: string[] = [];
  const counts = { operations: 0, lost: 0, steps: 0 };
  let start = Number.POSITIVE_INFINITY;
  for (const [first] of sessions.values()) start = Math.min(start, first?.from ?? start);
  for (const [key, operations] of sessions) {
    const result = search(operations, { steps: options.steps ?? Math.max(1_000_000, 100 * operations.length), skew });
    counts.operations += operations.length;
    counts.lost += operations.filter(({ answer }) => answer === undefined).length;
    counts.steps += result.steps;
    if (result.verdict === "undecided") undecided.push(key);
    if (result.verdict !== "illegal" || result.failedAt === undefined) continue;
    const failure = operations[result.failedAt] as Operation;
    const brief = contradictions.length >= MOST_EXCERPTS;
    const conflicting = brief ? [failure] : excerpt(operations, result.failedAt, skew);
    const met = operations.filter(({ from }) => from <= failure.until).length;
    const calls = conflicting.map((operation) => describe(operation, start));
    contradictions.push({ key, calls, others: met - conflicting.length });
  }
  const verdict = contradictions.length > 0 ? "illegal" : undecided.length > 0 ? "undecided" : "legal";
  return { verdict, sessions: sessions.size, ...counts, contradictions, undecided };
}

function describe({ invoked, action, answer, from, until }: Operation, start: number): ContradictingCall {
  return {
    id: invoked.id,
    client: invoked.client,
    asked: asked(invoked, action.op === "begin"),
    answered: answer === undefined ? "unknown" : answered(answer),
    from: from - start,
    until: until - start,
  };
}

function asked(call: Operation["invoked"], begins: boolean): string {
  switch (call.op) {
    case "create":
    case "write":
      return `${call.op} ${JSON.stringify(call.value)}`;
    case "compareAndSet":
      return `${call.op} ${JSON.stringify(call.expected)} → ${JSON.stringify(call.value)}`;
    case "increment":
      return call.by === undefined ? call.op : `${call.op} by ${call.by}`;
    case "login":
      return `login of ${JSON.stringify(call.user)}${begins ? ", beginning" : ""}`;
    case "revokeUser":
      return `revokeUser ${JSON.stringify(call.user)}`;
    default:
      return call.op;
  }
}

function answered({ value, current }: NonNullable<Operation["answer"]>): string {
  if (value === undefined) return "done";
  if (value === "conflict" && current !== undefined) return `conflict, holds ${JSON.stringify(current)}`;
  return JSON.stringify(value);
}
