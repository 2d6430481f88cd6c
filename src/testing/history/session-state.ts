/**
 * One session as a state machine, which recorded answers are judged by: its states, what can be done to it, and which
 * answers fit.
 */
import type { HistoryAnswer, HistoryValue } from "./event.ts";

/** What can be done to one session: the calls, with those on users as each of their sessions sees them. */
export type Action =
  | { readonly op: "create"; readonly value: HistoryValue }
  /** The two halves of a login of which it is known when it had read the epoch. */
  | { readonly op: "begin" }
  | { readonly op: "admit"; readonly value: HistoryValue }
  | { readonly op: "read" | "valid" | "delete" | "revoke" }
  | { readonly op: "write"; readonly value: HistoryValue }
  | { readonly op: "compareAndSet"; readonly expected: HistoryValue; readonly value: HistoryValue }
  | { readonly op: "increment"; readonly by: number };

/** Stands for a value that is not known, where a search begins in the middle of a history. */
const ANY = null;

/**
 * One session: not yet there, a login under way that knows the epoch, there with a value, or ended. What ended does
 * not come back.
 */
export interface SessionState {
  readonly phase: "none" | "begun" | "live" | "dead";
  readonly value?: HistoryValue | typeof ANY;
}

export const NONE: SessionState = { phase: "none" };
const BEGUN: SessionState = { phase: "begun" };
const DEAD: SessionState = { phase: "dead" };

/** Everything that a session may be when nothing of it is known. */
export const ANYTHING: readonly SessionState[] = [NONE, BEGUN, DEAD, { phase: "live", value: ANY }];

export function stateKey({ phase, value }: SessionState): string {
  return phase === "live" ? `live ${JSON.stringify(value)}` : phase;
}

/** The state after an action, or undefined where it would not have answered so. */
export function step(state: SessionState, action: Action, answer: HistoryAnswer): SessionState | undefined {
  const live = state.phase === "live";
  const told = answer.value;
  switch (action.op) {
    case "create":
      if (told === false) return live || state.phase === "dead" ? state : undefined;
      return state.phase === "none" ? { phase: "live", value: action.value } : undefined;
    case "begin":
      return state.phase === "none" ? BEGUN : undefined;
    case "admit":
      if (told === false) return live || state.phase === "dead" ? state : undefined;
      return state.phase === "begun" ? { phase: "live", value: action.value } : undefined;
    case "read":
      if (told === undefined) return state;
      if (told === null) return live ? undefined : state;
      return live && fits(state, told) ? { phase: "live", value: told } : undefined;
    case "valid":
      return told === undefined || told === live ? state : undefined;
    case "delete":
      if (told !== undefined && told !== live) return undefined;
      return live ? DEAD : state;
    case "revoke":
      return live || state.phase === "begun" ? DEAD : state;
    default:
      return change(state, action, answer);
  }
}

type Change = Extract<Action, { op: "write" | "compareAndSet" | "increment" }>;

function change(
  state: SessionState,
  action: Change,
  { value: told, current }: HistoryAnswer,
): SessionState | undefined {
  const live = state.phase === "live";
  if (told === false || told === null || told === "gone") return live ? undefined : state;
  if (!live) return undefined;
  switch (action.op) {
    case "write":
      return { phase: "live", value: action.value };
    case "compareAndSet":
      if (told !== "conflict") return fits(state, action.expected) ? { phase: "live", value: action.value } : undefined;
      if (state.value === action.expected) return undefined;
      if (current === undefined) return state;
      return fits(state, current) ? { phase: "live", value: current } : undefined;
    case "increment": {
      if (typeof told === "number") return fits(state, told - action.by) ? { phase: "live", value: told } : undefined;
      if (state.value === ANY) return state;
      return typeof state.value === "number" ? { phase: "live", value: state.value + action.by } : undefined;
    }
  }
}

/**
 * Whether the answer says that nothing was changed, whatever the state was: such an operation may go first wherever it
 * fits.
 */
export function isObservation(action: Action, { value: told }: HistoryAnswer): boolean {
  switch (action.op) {
    case "read":
    case "valid":
      return true;
    case "begin":
    case "revoke":
      return false;
    case "compareAndSet":
      return told === "conflict" || told === "gone";
    case "increment":
      return told === null;
    default:
      return told === false;
  }
}

function fits({ value }: SessionState, wanted: HistoryValue): boolean {
  return value === ANY || value === wanted;
}
