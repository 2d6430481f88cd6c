/**
 * What Sojourn asks of the platform's cryptography. Two modules fulfil it, chosen by `#crypto` in
 * package.json: `node.ts` over node:crypto (Node, Bun, Deno; synchronous) and `web.ts` over
 * WebCrypto (Workers; promises). Both pass the same vectors.
 */
import type { Awaitable } from "../awaitable.ts";

/** HMAC-SHA-256 with a fixed key: 32 bytes out. */
export type Mac = (message: Uint8Array) => Awaitable<Uint8Array>;

/** AES-256-GCM with a fixed key, 12-byte nonces and 16-byte tags appended to the ciphertext. */
export interface Aead {
  seal(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Awaitable<Uint8Array>;
  /** The plaintext, or null when the tag does not fit; nothing is released before the tag is checked. */
  open(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Awaitable<Uint8Array | null>;
}

export interface Platform {
  /** From the operating system's generator; may be handed out from a pool, never twice. */
  randomBytes(length: number): Uint8Array;
  sha256(message: Uint8Array): Awaitable<Uint8Array>;
  mac(key: Uint8Array): Awaitable<Mac>;
  aead(key: Uint8Array): Awaitable<Aead>;
  /** One raw AES-256 block (FIPS 197), as the key derivation of XAES-256-GCM needs it. */
  aesBlock(key: Uint8Array): Awaitable<(block: Uint8Array) => Awaitable<Uint8Array>>;
  /** HKDF-SHA-256 (RFC 5869). */
  hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Awaitable<Uint8Array>;
  /** Compares in time that depends on the lengths only; false when they differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
