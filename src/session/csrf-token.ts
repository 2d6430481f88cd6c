/**
 * The CSRF token of a session: a secret that is derived from the session's id, masked afresh each time.
 */
import { platform } from "#crypto";
import { maskToken, verifyToken } from "../csrf/token.ts";
import { SessionError } from "../errors.ts";
import { type Identity, newIdentity } from "../token/identity.ts";
import { assertKept, committed, readOnly, replaced } from "./guards.ts";
import type { Internals } from "./internals.ts";

/**
 * The secret is derived from the session's id, which only the client and this request know: nothing to
 * store, it changes with the id and with nothing else.
 */
const LABEL = new TextEncoder().encode("sojourn/v1/csrf");

export async function formToken(session: Internals): Promise<string> {
  if (!session.proof.source) {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "Cannot make a CSRF token: the session was reached by its id, and the token is made from a secret that only " +
        "the client has.",
    );
  }
  assertKept(session);
  const { committed: begun } = session.response;
  if (!session.held && session.proof.readOnly) throw readOnly("make a CSRF token for a session that is not stored");
  if (!session.held && begun) throw committed();
  if (session.phase === "live" && !session.held && !begun) session.keepEmpty();
  if (!session.identity) session.name(await newIdentity());
  const { id } = session.identity as Identity;
  // Another request gave the session a new id, which only its client knows.
  if (id.length === 0) throw replaced();
  return maskToken(await secretOf(id), platform.randomBytes(32));
}

/** Never throws on what a client sent. */
export async function verifyFormToken({ identity, proof }: Internals, token: unknown): Promise<boolean> {
  if (typeof token !== "string" || !identity?.id.length || !proof.source) return false;
  return verifyToken(token, await secretOf(identity.id));
}

async function secretOf(id: Uint8Array): Promise<Uint8Array> {
  const mac = await platform.mac(id);
  return mac(LABEL);
}
