/**
 * The platform over node:crypto (Node, Bun, Deno): every operation is synchronous. WebCrypto is
 * there too, but a promise and a trip to another thread cost ten times the cipher.
 */
import { Buffer } from "node:buffer";
import * as crypto from "node:crypto";
import { SessionError } from "../errors.ts";
import type { Aead, Mac, Platform } from "./platform.ts";

const BLOCK = 64;
const TAG = 16;
const ZERO_IV = new Uint8Array(16);
// Without a fixed length Node takes tags of 4 bytes: four billion tries to forge one (SP 800-38D section 5.2.1.2).
const GCM = { authTagLength: TAG } as const;

// In Node since 20.12; a runtime that follows Node later may lack it.
const hash = crypto.hash as typeof crypto.hash | undefined;

function sha256(message: Uint8Array): Uint8Array {
  if (hash === undefined) return plain(crypto.createHash("sha256").update(message).digest());
  const digest = new Uint8Array(32);
  hashInto(digest, 0, message, hash);
  return digest;
}

/** SHA-256. The one-shot hash into a string is twice as fast as the same into a Buffer. */
function hashInto(target: Uint8Array, at: number, message: Uint8Array, oneShot: typeof crypto.hash): void {
  const text = oneShot("sha256", message, "binary");
  for (let i = 0; i < 32; i++) target[at + i] = text.charCodeAt(i);
}

/** A view without Buffer's methods, whose `slice` does not copy. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** HMAC (RFC 2104) as two one-shot hashes over pads that are made once; faster than createHmac. */
function mac(key: Uint8Array): Mac {
  if (hash === undefined) {
    const secret = crypto.createSecretKey(key);
    return (message) => plain(crypto.createHmac("sha256", secret).update(message).digest());
  }
  const block = new Uint8Array(BLOCK);
  block.set(key.length > BLOCK ? sha256(key) : key);
  const innerPad = block.map((byte) => byte ^ 0x36);
  const outer = new Uint8Array(BLOCK + 32);
  outer.set(block.map((byte) => byte ^ 0x5c));
  block.fill(0);
  // Messages of one purpose have one length: the buffer of the last one serves the next.
  let inner = innerPad;
  return (message) => {
    const length = BLOCK + message.length;
    if (inner.length !== length) {
      inner = new Uint8Array(length);
      inner.set(innerPad);
    }
    inner.set(message, BLOCK);
    hashInto(outer, BLOCK, inner, hash);
    return sha256(outer);
  };
}

function aead(key: Uint8Array): Aead {
  const secret = crypto.createSecretKey(key);
  return {
    seal(nonce, plaintext, aad) {
      const cipher = crypto.createCipheriv("aes-256-gcm", secret, nonce, GCM);
      cipher.setAAD(aad);
      // `concat` takes Node's pool, cheaper than memory of its own; ciphertext may lie there.
      return plain(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
    },
    open(nonce, sealed, aad) {
      const end = sealed.length - TAG;
      if (end < 0) return null;
      const decipher = crypto.createDecipheriv("aes-256-gcm", secret, nonce, GCM);
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(end));
      const plaintext = decipher.update(sealed.subarray(0, end));
      try {
        decipher.final();
      } catch {
        // `update` has decrypted already: nobody may see it before the tag is checked, nor after it failed.
        plaintext.fill(0);
        return null;
      }
      return plain(plaintext);
    },
  };
}

/** The first block of CBC under a zero IV is the raw block, the one way that WebCrypto offers as well. */
function aesBlock(key: Uint8Array): (block: Uint8Array) => Uint8Array {
  const secret = crypto.createSecretKey(key);
  return (block) => plain(crypto.createCipheriv("aes-256-cbc", secret, ZERO_IV).update(block));
}

const POOL = 8192;
/** The longest request that the pool serves. */
const SHARE = 1024;
/** Bytes at the start of each fill that are never handed out, only compared with the next fill's. */
const WITNESS = 16;
/** Milliseconds after which the rest of a fill is thrown away. */
const FRESH = 1000;

const pool = new Uint8Array(POOL);
let next = POOL;
let filledAt = 0;

/**
 * From a pool, as a call to the system for each id costs twenty times the slice. Each byte is handed
 * out once, as a copy, and wiped. A fill lives for a second only: clones of a machine that was
 * frozen and copied, or of a start-up snapshot, do not go on with the same bytes.
 */
function randomBytes(length: number): Uint8Array {
  if (length > SHARE) return crypto.randomFillSync(new Uint8Array(length));
  const age = Date.now() - filledAt;
  if (next + length > POOL || age > FRESH || age < 0) refill();
  const bytes = pool.slice(next, next + length);
  pool.fill(0, next, next + length);
  next += length;
  return bytes;
}

/** Fills the pool; a generator that says the same twice is broken, and every id with it. */
function refill(): void {
  const before = pool.slice(0, WITNESS);
  crypto.randomFillSync(pool);
  if (equal(before, pool.subarray(0, WITNESS))) {
    next = POOL;
    throw new SessionError(
      "SOJOURN_UNSUPPORTED",
      "The random generator gave the same bytes twice, so that ids and keys could be guessed. " +
        "Expected node:crypto's randomFillSync as the system has it: remove what replaces it.",
    );
  }
  next = WITNESS;
  filledAt = Date.now();
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  // timingSafeEqual throws where the lengths differ, and a length that a client chose must not be a 500.
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

/** node:crypto as Sojourn uses it. */
export const platform: Platform = {
  randomBytes,
  sha256,
  mac,
  aead,
  aesBlock,
  hkdf: (secret, salt, info, length) => new Uint8Array(crypto.hkdfSync("sha256", secret, salt, info, length)),
  equal,
};
