/**
 * What a session can still do, and the errors that say so.
 */
import { SessionError } from "../errors.ts";
import type { Held } from "../record/held.ts";
import type { Internals } from "./internals.ts";

export function storeDown(): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    "The store did not answer when this request began, so its session is anonymous and read-only (`onOutage`); " +
      "nothing was saved.",
  );
}

/** For what needs a cookie, where none can be sent. */
export function readOnly(what: string): SessionError {
  return new SessionError(
    "SOJOURN_READ_ONLY",
    `Cannot ${what}: the session was opened with \`readOnly\`, where no cookie can be sent (a server component, a ` +
      "socket). Do it in a request that is answered: an action, a route handler, a form's POST.",
  );
}

export function assertHandsOut({ proof }: Internals, what: string): void {
  if (proof.readOnly) throw readOnly(what);
}

/** The client came with an id that a login or a rotation has replaced, or that has been followed to another user. */
export function replaced(): SessionError {
  return new SessionError(
    "SOJOURN_REPLACED",
    "The session has another id since this request was sent, so its changes were not saved. Send the request again: " +
      "it will carry the new cookie.",
  );
}

export function ended(): SessionError {
  return new SessionError(
    "SOJOURN_REVOKED",
    "The session was ended while this request ran, so its changes were not saved.",
  );
}

/** For a session that is not at its key any more, by what is found there. */
export function goneTo(grave: Held | undefined): SessionError {
  return grave?.content.meta.tombstone?.reason === "replaced" ? replaced() : ended();
}

/** For verbs that hand the client something: they must come before the response begins. */
export function assertAnswerable(session: Internals, verb: string): void {
  assertUsable(session, verb);
  assertHandsOut(session, verb);
  if (session.response.committed) {
    throw new SessionError(
      "SOJOURN_COMMITTED",
      `Cannot ${verb}: the response has begun, so the client could not be told. Call it before the first byte is sent.`,
    );
  }
  if (!session.proof.source) {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      `Cannot ${verb} a session that was reached by its id: only the client's own request can hand it a new token.`,
    );
  }
}

/** Data that travels in the client's cookie cannot be changed from elsewhere. */
export function assertReachable({ proof, held, context }: Internals): void {
  if (context.carries === "nothing") return;
  if (proof.readOnly) throw readOnly("change data that is in the cookie");
  if (proof.source || !held) return;
  throw new SessionError(
    "SOJOURN_UNSUPPORTED",
    "Cannot change the data of a session that was reached by its id: it is in the client's cookie. Keep what must be " +
      "reached in the store.",
  );
}

/** For what goes out with the commit. */
export function committed(): SessionError {
  return new SessionError(
    "SOJOURN_COMMITTED",
    "The session was changed after the response had begun, so the change could not be saved. Change it earlier; with " +
      "a store, `update` saves by itself.",
  );
}

export function assertUsable({ phase }: Internals, verb: string): void {
  if (phase === "ended") {
    throw new SessionError(
      "SOJOURN_ENDED",
      `Cannot ${verb}: this session has ended. Begin with a new request, or use \`logout\` instead of \`destroy\` to ` +
        "go on anonymously.",
    );
  }
  if (phase === "readonly") throw storeDown();
}

/** For what a session whose client has a newer id cannot keep. */
export function assertKept(session: Internals): void {
  if (session.phase === "muted") throw replaced();
}

/** Throws SOJOURN_COOKIE_TOO_LARGE before anything is stored that the client could not be handed. */
export function checkSize({ proof, context }: Internals, value: string): void {
  (proof.transport ?? context.transports[0]).check?.(value);
}

export function notAuthenticated(verb: string): SessionError {
  return new SessionError("SOJOURN_NOT_AUTHENTICATED", `Cannot ${verb}: nobody is logged in to this session.`);
}
