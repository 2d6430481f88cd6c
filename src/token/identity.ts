/**
 * Who a session is: the secret id that travels, and the public key that is made from it.
 */
import { platform } from "#crypto";
import type { Awaitable } from "../awaitable.ts";
import * as base64url from "../crypto/base64url.ts";
import type { SessionKey } from "../record.ts";

/** 144 bits: base64url needs no padding, and guessing is out of reach (ASVS 7.2.3, 11.5.1 ask for 128). */
export const ID_BYTES = 18;

/** The secret half of a session and the public half that is derived from it. */
export interface Identity {
  /** Never stored, logged or listed; it lives in the client's token only. */
  readonly id: Uint8Array;
  readonly key: SessionKey;
}

/** A new identity from the system's generator. */
export function newIdentity(): Awaitable<Identity> {
  return identityOf(platform.randomBytes(ID_BYTES));
}

/** base64url(SHA-256(id)): whoever reads the store cannot go back to the token. */
export function identityOf(id: Uint8Array): Awaitable<Identity> {
  const digest = platform.sha256(id);
  return digest instanceof Promise
    ? digest.then((bytes) => ({ id, key: base64url.encode(bytes) }))
    : { id, key: base64url.encode(digest) };
}
