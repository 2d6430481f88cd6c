/**
 * The verbs of one session take their turns, and the commit comes after the last: so that two logins at once leave
 * one session, and a verb that the application forgot to await still reaches the client.
 */
import type { State } from "./state.ts";

export function inTurn<T>(state: State, verb: () => Promise<T>): Promise<T> {
  const mine = state.verb ? state.verb.then(verb) : verb();
  const over = (): void => {
    if (state.verb === done) state.verb = undefined;
  };
  const done: Promise<void> = mine.then(over, over);
  state.verb = done;
  return mine;
}
