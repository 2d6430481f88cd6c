/**
 * CSRF tokens: a secret of the session, masked afresh each time it is shown.
 */
import { platform } from "#crypto";
import * as base64url from "../crypto/base64url.ts";
import { invalidOption } from "../errors.ts";
import type { RequestSource } from "../transport/transport.ts";
import type { CsrfPolicy } from "./policy.ts";

/** Bytes of a session's CSRF secret, and of the mask. */
const CSRF_SECRET_BYTES = 32;

/** Characters of a token: two times 32 bytes in base64url. */
const TOKEN_LENGTH = 86;

/**
 * The secret as a token for a page: `base64url(R || R xor S)`. With fresh `random` each time the token never repeats,
 * so that compressed responses do not give it away bit by bit (BREACH).
 *
 * @param secret 32 bytes, kept in the session; replaced at login, logout and rotation.
 * @param random 32 fresh bytes.
 * @throws SessionError `SOJOURN_INVALID_OPTION` for other lengths.
 */
export function maskToken(secret: Uint8Array, random: Uint8Array): string {
  if (secret.length !== CSRF_SECRET_BYTES) throw invalidOption("secret", secret.length, "32 bytes");
  if (random.length !== CSRF_SECRET_BYTES) throw invalidOption("random", random.length, "32 bytes");
  const masked = new Uint8Array(2 * CSRF_SECRET_BYTES);
  masked.set(random);
  for (let index = 0; index < CSRF_SECRET_BYTES; index++)
    masked[CSRF_SECRET_BYTES + index] = (random[index] as number) ^ (secret[index] as number);
  return base64url.encode(masked);
}

/** Whether a token was made of this secret, whatever its mask. Compares in constant time, and never throws. */
export function verifyToken(token: string, secret: Uint8Array): boolean {
  if (typeof token !== "string" || token.length !== TOKEN_LENGTH || secret.length !== CSRF_SECRET_BYTES) return false;
  const masked = base64url.decode(token);
  if (masked?.length !== 2 * CSRF_SECRET_BYTES) return false;
  const found = new Uint8Array(CSRF_SECRET_BYTES);
  for (let index = 0; index < CSRF_SECRET_BYTES; index++)
    found[index] = (masked[index] as number) ^ (masked[CSRF_SECRET_BYTES + index] as number);
  return platform.equal(found, secret);
}

/**
 * The token that a request brings: from the header, else from the field of the parsed body (an object, `FormData` or
 * `URLSearchParams`). Never from the query, which is logged and sent on, and never from a cookie, which
 * comes by itself.
 */
export function readToken(source: RequestSource, policy: CsrfPolicy, body?: unknown): string | undefined {
  const header = source.header(policy.tokenHeader);
  if (header !== undefined && header !== "") return header;
  if (typeof body !== "object" || body === null) return undefined;
  const form = body instanceof URLSearchParams || (typeof FormData !== "undefined" && body instanceof FormData);
  const field: unknown = form
    ? body.get(policy.tokenField)
    : Object.hasOwn(body, policy.tokenField)
      ? (body as Record<string, unknown>)[policy.tokenField]
      : undefined;
  return typeof field === "string" ? field : undefined;
}
