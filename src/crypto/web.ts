/**
 * The platform over WebCrypto (Workers, and wherever node:crypto is missing): every operation but
 * `randomBytes` and `equal` is a promise. Keys are imported once and cannot be exported again.
 */
import type { Aead, Mac, Platform } from "./platform.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const TAG = 16;
const ZERO_IV: Bytes = new Uint8Array(16);
/** What one call of getRandomValues fills at most. */
const QUOTA = 65_536;

/** WebCrypto refuses shared memory, and so does the type; such bytes are copied. */
function own(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : new Uint8Array(bytes);
}

function importKey(key: Uint8Array, algorithm: string | HmacImportParams, usages: KeyUsage[]): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", own(key), algorithm, false, usages);
}

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += QUOTA) crypto.getRandomValues(bytes.subarray(at, at + QUOTA));
  return bytes;
}

async function sha256(message: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", own(message)));
}

async function mac(key: Uint8Array): Promise<Mac> {
  const secret = await importKey(key, { name: "HMAC", hash: "SHA-256" }, ["sign"]);
  return async (message) => new Uint8Array(await crypto.subtle.sign("HMAC", secret, own(message)));
}

async function aead(key: Uint8Array): Promise<Aead> {
  const secret = await importKey(key, "AES-GCM", ["encrypt", "decrypt"]);
  const parameters = (nonce: Uint8Array, aad: Uint8Array): AesGcmParams => ({
    name: "AES-GCM",
    iv: own(nonce),
    additionalData: own(aad),
    tagLength: TAG * 8,
  });
  return {
    async seal(nonce, plaintext, aad) {
      return new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, aad), secret, own(plaintext)));
    },
    async open(nonce, sealed, aad) {
      try {
        return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, aad), secret, own(sealed)));
      } catch {
        // Only the tag can fail here, and runtimes name that error differently.
        return null;
      }
    },
  };
}

/** WebCrypto has no raw block; the first one of CBC under a zero IV is it. The rest is padding. */
async function aesBlock(key: Uint8Array): Promise<(block: Uint8Array) => Promise<Uint8Array>> {
  const secret = await importKey(key, "AES-CBC", ["encrypt"]);
  return async (block) => {
    const padded = await crypto.subtle.encrypt({ name: "AES-CBC", iv: ZERO_IV }, secret, own(block));
    return new Uint8Array(padded, 0, 16);
  };
}

async function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array> {
  const key = await importKey(secret, "HKDF", ["deriveBits"]);
  const parameters: HkdfParams = { name: "HKDF", hash: "SHA-256", salt: own(salt), info: own(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, length * 8));
}

/** Looks at every byte, whatever the ones before it were. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** WebCrypto as Sojourn uses it. */
export const platform: Platform = { randomBytes, sha256, mac, aead, aesBlock, hkdf, equal };
