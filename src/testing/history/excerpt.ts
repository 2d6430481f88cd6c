/**
 * How a contradiction gets short enough to read: operations are left out as long as the others still have no order.
 */
import type { Operation } from "./operation.ts";
import { search } from "./search.ts";
import { isObservation } from "./session-state.ts";

/** How often to look again. */
const MOST_TRIES = 400;

/**
 * The operations that contradict each other: of those until the failure, as few as will do. One is left out by letting
 * it have been lost, so that it may have happened at any time or never; what cannot be explained even then is a
 * contradiction of the others. (Leaving it out altogether would prove nothing: of course nobody wrote a value whose
 * write is left out.)
 */
export function excerpt(operations: readonly Operation[], failedAt: number, skew: number): readonly Operation[] {
  const failure = operations[failedAt] as Operation;
  const met = operations.filter(({ from }) => from - skew <= failure.until);
  const steps = 20_000 + 50 * met.length;
  let tries = 0;
  const contradicts = (kept: ReadonlySet<Operation>): boolean => {
    tries += 1;
    return tries <= MOST_TRIES && search(weakened(met, kept), { steps, skew }).verdict === "illegal";
  };
  const answered = met.filter(({ answer }) => answer !== undefined);
  let kept: ReadonlySet<Operation> = new Set(answered);
  if (!contradicts(kept)) return answered;
  // Those that only looked go first, so that what is left says who did what; then the oldest.
  const looking = answered.filter((operation) => looks(operation) && operation !== failure);
  const others = answered.filter((operation) => !looks(operation) && operation !== failure);
  for (const list of [looking, others, [...looking, failure]]) kept = fewest(kept, list, contradicts);
  return answered.filter((operation) => kept.has(operation));
}

/** Leaves out halves, quarters and so on down to single ones, as long as a contradiction is left. */
function fewest(
  all: ReadonlySet<Operation>,
  candidates: readonly Operation[],
  contradicts: (kept: ReadonlySet<Operation>) => boolean,
): ReadonlySet<Operation> {
  let kept = all;
  for (let size = candidates.length; size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    const list = candidates.filter((operation) => kept.has(operation));
    for (let at = 0; at < list.length; at += size) {
      const out = new Set(list.slice(at, at + size));
      const fewer = new Set([...kept].filter((operation) => !out.has(operation)));
      if (contradicts(fewer)) kept = fewer;
    }
  }
  return kept;
}

function looks({ action, answer }: Operation): boolean {
  return answer !== undefined && isObservation(action, answer);
}

/** The same operations, of which only those that are kept have an answer. */
function weakened(operations: readonly Operation[], kept: ReadonlySet<Operation>): readonly Operation[] {
  const begun = new Set([...kept].filter(({ action }) => action.op === "begin").map(({ invoked }) => invoked.id));
  return operations.flatMap((operation) => {
    const { action, invoked } = operation;
    if (action.op === "begin") return kept.has(operation) ? [operation] : [];
    // A login of which it is not known when it had begun may have begun at any time.
    const whole =
      action.op === "admit" && !begun.has(invoked.id)
        ? { ...operation, action: { ...action, op: "create" as const }, from: invoked.time }
        : operation;
    return kept.has(operation) ? [whole] : lose(whole);
  });
}

function lose(operation: Operation): readonly Operation[] {
  if (looks(operation)) return [];
  return [{ ...operation, answer: undefined, until: Number.POSITIVE_INFINITY }];
}
