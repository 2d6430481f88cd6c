/**
 * From events to operations: calls and answers are paired, and each session gets those that met it, with revocations
 * and evictions among them.
 */
import type { HistoryAnswer, HistoryCall, HistoryEvent, InvokeEvent } from "./event.ts";
import type { Action } from "./session-state.ts";

/** One call as one session sees it: what it did to the session, and between which instants. */
export interface Operation {
  readonly invoked: InvokeEvent;
  readonly action: Action;
  /** It did not happen before this. */
  readonly from: number;
  /** It had happened by this; infinite where that is not known, and then it may never have happened. */
  readonly until: number;
  /** What was answered; undefined where the answer was lost. */
  readonly answer: HistoryAnswer | undefined;
}

/**
 * A history that is none: an answer without a call, two calls with one id, a line that is no event. The message says
 * which.
 *
 * @example
 * ```ts
 * const read = (text: string) => {
 *   try {
 *     return parseHistory(text);
 *   } catch (error) {
 *     return error instanceof HistoryFormatError ? error.message : "";
 *   }
 * };
 * read("half a li"); // → "line 1: expected JSON, and a whole line of it"
 * ```
 */
export class HistoryFormatError extends Error {
  override readonly name = "HistoryFormatError";
}

/** A call with what is known of its end. */
interface Call {
  readonly invoked: InvokeEvent;
  readonly begunAt: number | undefined;
  readonly until: number;
  readonly answer: HistoryAnswer | undefined;
}

/** Each session's operations, in the order in which they were called. Calls that failed did not happen. */
export function operationsBySession(
  events: Iterable<HistoryEvent>,
  skew = 0,
): ReadonlyMap<string, readonly Operation[]> {
  const calls = pairUp(events);
  const sessions = new Map<string, Operation[]>();
  const owners = new Map<string, string>();
  const ends = new Ends();
  for (const call of calls) {
    const { invoked } = call;
    ends.note(call);
    if (invoked.op === "revokeUser" || invoked.op === "revokeAll") continue;
    if ("user" in invoked && invoked.user !== undefined) owners.set(invoked.key, invoked.user);
    const session = sessions.get(invoked.key) ?? [];
    sessions.set(invoked.key, session);
    session.push(...operationsOf(call));
  }
  for (const [key, session] of sessions) addEnds(session, ends.of(key, owners.get(key)), skew);
  return sessions;
}

function pairUp(events: Iterable<HistoryEvent>): Call[] {
  const calls = new Map<string, Call | null>();
  // Files of several processes may have been joined in any order. Of two events at one instant the call comes first.
  const inOrder = [...events].sort((a, b) => a.time - b.time || rank(a) - rank(b));
  for (const event of inOrder) {
    const call = calls.get(event.id);
    if (event.type === "invoke") {
      if (call !== undefined) throw new HistoryFormatError(`two calls have the id ${JSON.stringify(event.id)}`);
      calls.set(event.id, { invoked: event, begunAt: undefined, until: Number.POSITIVE_INFINITY, answer: undefined });
      continue;
    }
    if (!call) throw new HistoryFormatError(`"${event.type}" of ${JSON.stringify(event.id)}, which is not under way`);
    if (event.type === "ok") calls.set(event.id, { ...call, until: event.time, answer: event });
    else if (event.type === "fail") calls.set(event.id, null);
    else if (event.type === "begun") calls.set(event.id, { ...call, begunAt: event.time });
  }
  return [...calls.values()].filter((call) => call !== null);
}

function rank({ type }: HistoryEvent): number {
  return type === "invoke" ? 0 : type === "begun" ? 1 : 2;
}

function operationsOf(call: Call): Operation[] {
  const { invoked, begunAt, until, answer } = call;
  if (invoked.op !== "login" || begunAt === undefined || answer?.value === false) {
    return [{ invoked, action: actionOf(invoked), from: invoked.time, until, answer }];
  }
  const value = invoked.value ?? true;
  return [
    { invoked, action: { op: "begin" }, from: invoked.time, until: begunAt, answer: {} },
    { invoked, action: { op: "admit", value }, from: begunAt, until, answer },
  ];
}

function actionOf(call: HistoryCall): Action {
  switch (call.op) {
    case "create":
      return { op: "create", value: call.value };
    case "login":
      return { op: "create", value: call.value ?? true };
    case "write":
      return { op: "write", value: call.value };
    case "compareAndSet":
      return { op: "compareAndSet", expected: call.expected, value: call.value };
    case "increment":
      return { op: "increment", by: call.by ?? 1 };
    case "revokeUser":
    case "revokeAll":
      return { op: "revoke" };
    default:
      return { op: call.op };
  }
}

/** Calls that end sessions other than one that they name. */
class Ends {
  readonly #everybody: Call[] = [];
  readonly #byUser = new Map<string, Call[]>();
  readonly #byKey = new Map<string, Call[]>();

  note(call: Call): void {
    const { invoked, answer } = call;
    if (invoked.op === "revokeAll") this.#everybody.push(call);
    else if (invoked.op === "revokeUser") add(this.#byUser, invoked.user, call);
    else if (invoked.op === "login") {
      if (answer?.evicted) for (const key of answer.evicted) add(this.#byKey, key, call);
      else if (invoked.mayEvict) add(this.#byUser, invoked.user, call);
    }
  }

  /** What may have ended this session, as operations on it. */
  of(key: string, user: string | undefined): Operation[] {
    const calls = [...this.#everybody, ...(this.#byKey.get(key) ?? [])];
    if (user !== undefined) calls.push(...(this.#byUser.get(user) ?? []));
    return calls.flatMap(({ invoked, until, answer }): Operation[] => {
      if (invoked.op !== "login") {
        if (invoked.op === "revokeUser" && invoked.except === key) return [];
        return [{ invoked, action: { op: "revoke" }, from: invoked.time, until, answer: answer && {} }];
      }
      if (invoked.key === key) return [];
      // Where it did not say which it ended, it may have been this one.
      const named = answer?.evicted !== undefined;
      const end = named ? { until, answer: {} } : { until: Number.POSITIVE_INFINITY, answer: undefined };
      return [{ invoked, action: { op: "delete" }, from: invoked.time, ...end }];
    });
  }
}

function add(calls: Map<string, Call[]>, name: string, call: Call): void {
  const known = calls.get(name);
  if (known) known.push(call);
  else calls.set(name, [call]);
}

/** From when on it is certain that the session has ended: what ends it once more finds nothing to do. */
function deadBy(operations: readonly Operation[], skew: number): number {
  let there = Number.POSITIVE_INFINITY;
  for (const operation of operations) if (provesLife(operation)) there = Math.min(there, operation.until);
  let earliest = Number.POSITIVE_INFINITY;
  for (const { action, answer, from, until } of operations) {
    const ends = action.op === "revoke" || (action.op === "delete" && answer?.value !== false);
    if (ends && answer && from - skew >= there) earliest = Math.min(earliest, until);
  }
  return earliest;
}

function provesLife({ action, answer }: Operation): boolean {
  if (answer === undefined) return false;
  if (answer.value === undefined) return action.op === "create" || action.op === "admit";
  return answer.value !== null && answer.value !== false && answer.value !== "gone";
}

/** Only those that can have met the session; of those whose answer was lost the first of a kind is as good as all. */
function addEnds(session: Operation[], ends: readonly Operation[], skew: number): void {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { from, until } of session) {
    first = Math.min(first, from);
    last = Math.max(last, until === Number.POSITIVE_INFINITY ? from : until);
  }
  if (!session.some(({ action }) => action.op === "create" || action.op === "admit")) last = Number.NEGATIVE_INFINITY;
  last = Math.min(last, deadBy([...session, ...ends], skew));
  const lost = new Map<string, Operation>();
  for (const end of ends) {
    if (end.until + skew < first || end.from - skew > last) continue;
    if (end.answer) session.push(end);
    else if (end.from < (lost.get(end.action.op)?.from ?? Number.POSITIVE_INFINITY)) lost.set(end.action.op, end);
  }
  session.push(...lost.values());
  session.sort((a, b) => a.from - b.from);
}
