/**
 * What a session can still do, and the errors that say so.
 */
import { SessionError } from "../errors.ts";
import type { State } from "./state.ts";

export function readOnly(): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    "The store did not answer when this request began, so its session is anonymous and read-only (`onOutage`); nothing was saved.",
  );
}

/** For sessions that were opened with `readOnly`: whatever would need a cookie, or make a session that nobody could be handed. */
export function assertHandsOut(state: State, verb: string): void {
  if (!state.cookieless) return;
  throw new SessionError(
    "SOJOURN_READ_ONLY",
    `Cannot ${verb}: the session was opened with \`readOnly\`, where no cookie can be sent (a server component, a socket). Do it in a request that is answered: an action, a route handler, a form's POST.`,
  );
}

/** For verbs that hand the client something: they must come before the response begins. */
export function assertAnswerable(state: State, verb: string): void {
  assertUsable(state, verb);
  assertHandsOut(state, verb);
  if (state.committed) {
    throw new SessionError(
      "SOJOURN_COMMITTED",
      `Cannot ${verb}: the response has begun, so the client could not be told. Call it before the first byte is sent.`,
    );
  }
  if (!state.source) {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      `Cannot ${verb} a session that was reached by its id: only the client's own request can hand it a new token.`,
    );
  }
}

/** Data that travels in the client's cookie cannot be changed from elsewhere. */
export function assertReachable(state: State): void {
  if (state.source || !state.held || state.context.bearer.carries === "nothing") return;
  throw new SessionError(
    "SOJOURN_UNSUPPORTED",
    "Cannot change the data of a session that was reached by its id: it is in the client's cookie. Keep what must be reached in the store.",
  );
}

/** For what goes out with the commit. */
export function committed(): SessionError {
  return new SessionError(
    "SOJOURN_COMMITTED",
    "The session was changed after the response had begun, so the change could not be saved. Change it earlier; with a store, `update` saves by itself.",
  );
}

export function assertUsable(state: State, verb: string): void {
  if (state.phase === "ended") {
    throw new SessionError(
      "SOJOURN_ENDED",
      `Cannot ${verb}: this session has ended. Begin with a new request, or use \`logout\` instead of \`destroy\` to go on anonymously.`,
    );
  }
  if (state.phase === "readonly") throw readOnly();
}

/** The session was found to have ended elsewhere: the client, who may have a newer one by now, is handed nothing of it. */
export function withhold(state: State): void {
  if (state.answer === "value") state.answer = "nothing";
}

/** Throws SOJOURN_COOKIE_TOO_LARGE before anything is stored that the client could not be handed. */
export function checkSize(state: State, value: string): void {
  (state.provenBy ?? state.context.transports[0]).check?.(value);
}
