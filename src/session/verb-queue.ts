/**
 * What the commit waits for. The verbs of one session take their turns, and the commit comes after the last: so that
 * two logins at once leave one session, two updates count two, and a verb that the application forgot to await still
 * reaches the client.
 */
import { SessionError } from "../errors.ts";
import type { State } from "./state.ts";

/** A verb that is called inside of an update's function waits for itself: it is told after so long. */
const PATIENCE_MS = 5_000;

/**
 * For what goes out with the commit. Only the commit waits for it: updates run beside each other, and inside of each
 * other.
 */
export function beforeCommit<T>(state: State, work: Promise<T>): Promise<T> {
  const done: Promise<void> = Promise.allSettled([state.updates, work]).then(() => {
    if (state.updates === done) state.updates = undefined;
  });
  state.updates = done;
  return work;
}

export function inTurn<T>(state: State, verb: () => Promise<T>): Promise<T> {
  const mine = state.verb ? turnOf(state, state.verb).then(verb) : verb();
  const over = (): void => {
    if (state.verb === done) state.verb = undefined;
  };
  const done: Promise<void> = mine.then(over, over);
  state.verb = done;
  return mine;
}

/** When the verb before is over. While an update's function runs, the call may come from inside of it. */
function turnOf(state: State, before: Promise<void>): Promise<void> {
  if (state.drafting === 0) return before;
  return new Promise((resolve, reject) => {
    const inside = new SessionError(
      "SOJOURN_CONFLICT",
      "A verb of the session waited for an update that did not end: the function given to `update` must not call `update`, `login` or another verb of the same session.",
    );
    const timer = setTimeout(() => reject(inside), PATIENCE_MS);
    void before.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
