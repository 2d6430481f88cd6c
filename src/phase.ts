/**
 * What a session can still do, and the errors that say so.
 */
import { SessionError } from "./errors.ts";
import type { State } from "./state.ts";

export function readOnly(): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    "The store did not answer when this request began, so its session is anonymous and read-only (`onOutage`); nothing was saved.",
  );
}

/** For verbs that hand the client something: they must come before the response begins. */
export function assertAnswerable(state: State, verb: string): void {
  assertUsable(state, verb);
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

export function assertUsable(state: State, verb: string): void {
  if (state.phase === "ended") {
    throw new SessionError(
      "SOJOURN_ENDED",
      `Cannot ${verb}: this session has ended. Begin with a new request, or use \`logout\` instead of \`destroy\` to go on anonymously.`,
    );
  }
  if (state.phase === "readonly") throw readOnly();
}
