/**
 * The CSRF token of a session: a secret that is derived from the session's id, masked afresh each time.
 */
import { platform } from "#crypto";
import { maskToken, verifyToken } from "../csrf/token.ts";
import { SessionError } from "../errors.ts";
import { newIdentity } from "../token/identity.ts";
import { assertHandsOut, committed } from "./guards.ts";
import type { State } from "./state.ts";

/**
 * The secret is derived from the session's id, which only the client and this request know: nothing to
 * store, it changes with the id and with nothing else.
 */
const LABEL = new TextEncoder().encode("sojourn/v1/csrf");

export async function formToken(state: State): Promise<string> {
  if (!state.source) {
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "Cannot make a CSRF token: the session was reached by its id, and the token is made from a secret that only the client has.",
    );
  }
  if (!state.held) assertHandsOut(state, "make a CSRF token for a new session");
  if (!state.held && state.committed) throw committed();
  if (state.phase === "live" && !state.held && !state.committed) state.keep = true;
  state.identity ??= await newIdentity();
  return maskToken(await secretOf(state.identity.id), platform.randomBytes(32));
}

/** Never throws on what a client sent. */
export async function verifyFormToken(state: State, token: unknown): Promise<boolean> {
  if (typeof token !== "string" || !state.identity || !state.source) return false;
  return verifyToken(token, await secretOf(state.identity.id));
}

async function secretOf(id: Uint8Array): Promise<Uint8Array> {
  const mac = await platform.mac(id);
  return mac(LABEL);
}
