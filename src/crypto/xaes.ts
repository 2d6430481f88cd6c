/**
 * XAES-256-GCM (C2SP): AES-256-GCM with nonces of 192 bits, so that random ones are safe at any scale.
 *
 * The first half of a nonce derives a key, the second half is the nonce under it. The first half is
 * kept for up to 2^20 seals of a process, so that a seal costs one AES-GCM operation. Two of those
 * seals share a nonce with a probability under 2^-57; it takes 2^44 seals of one key, over all
 * processes, to come near the 2^-33 that SP 800-38D section 8.3 allows AES-GCM after 2^32.
 */
import { platform } from "#crypto";
import type { Awaitable } from "../awaitable.ts";
import { chain, isPromise } from "../awaitable.ts";
import type { Aead, Platform } from "./platform.ts";

const HALF = 12;
const NONCE = 24;
const TAG = 16;
const SEALS = 2 ** 20;
/** One for each process and restart whose seals are still about; half a kilobyte each. */
const OPENERS = 256;

/** Seals with a fixed key; what it makes is nonce (24 bytes), ciphertext, tag (16 bytes). */
export interface Xaes {
  /** @param room Bytes in front that are left free for the caller; default none. */
  seal(plaintext: Uint8Array, aad: Uint8Array, room?: number): Awaitable<Uint8Array>;
  /** The plaintext, or null for everything that was not sealed with this key and this `aad`. Never throws. */
  open(sealed: Uint8Array, aad: Uint8Array): Awaitable<Uint8Array | null>;
}

export interface XaesOptions {
  /** The cryptography to use; default: the one that `#crypto` resolves to. */
  readonly platform?: Platform | undefined;
  /** Seals before the first half of the nonce is renewed; default 2^20, which is also the most that is safe. */
  readonly sealsPerHalf?: number | undefined;
}

type Derive = (half: Uint8Array) => Awaitable<Aead>;

/**
 * @param key 32 bytes, used for nothing else.
 */
export function createXaes(key: Uint8Array, options: XaesOptions = {}): Awaitable<Xaes> {
  const on = options.platform ?? platform;
  return chain(derivation(key, on), (derive) => new Cipher(derive, on, Math.min(options.sealsPerHalf ?? SEALS, SEALS)));
}

/**
 * The bare construction, as the vectors have it: ciphertext and tag under a nonce of 24 bytes that
 * the caller chose. For tests: a nonce that comes twice gives the plaintexts away.
 */
export function sealWithNonce(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  on: Platform = platform,
): Awaitable<Uint8Array> {
  return chain(derivation(key, on), (derive) =>
    chain(derive(nonce.subarray(0, HALF)), (aead) => aead.seal(nonce.subarray(HALF, NONCE), plaintext, aad)),
  );
}

/** CMAC in counter mode (SP 800-108), as C2SP writes it out for two blocks. */
function derivation(key: Uint8Array, on: Platform): Awaitable<Derive> {
  return chain(on.aesBlock(key), (aes) =>
    chain(aes(new Uint8Array(16)), (zero) => {
      const subkey = double(zero);
      return (half) =>
        chain(aes(block(1, half, subkey)), (left) =>
          chain(aes(block(2, half, subkey)), (right) => {
            const derived = new Uint8Array(32);
            derived.set(left);
            derived.set(right, 16);
            return chain(on.aead(derived), (aead) => {
              derived.fill(0);
              return aead;
            });
          }),
        );
    }),
  );
}

/** Doubling in GF(2^128), as CMAC does for its subkey: no branch on a secret bit. */
function double(block: Uint8Array): Uint8Array {
  const doubled = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7));
  doubled[15] = (doubled[15] as number) ^ (0x87 & -((block[0] as number) >> 7));
  return doubled;
}

/** Counter, label "X", separator, the half of the nonce; under the subkey. */
function block(counter: number, half: Uint8Array, subkey: Uint8Array): Uint8Array {
  const message = new Uint8Array(16);
  message.set([0, counter, 0x58, 0]);
  message.set(half, 4);
  return message.map((byte, i) => byte ^ (subkey[i] as number));
}

function envelope(room: number, half: Uint8Array, nonce: Uint8Array, body: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(room + NONCE + body.length);
  sealed.set(half, room);
  sealed.set(nonce, room + HALF);
  sealed.set(body, room + NONCE);
  return sealed;
}

/** A derived key that is kept. */
interface Opener {
  readonly half: Uint8Array;
  readonly aead: Aead;
}

class Cipher implements Xaes {
  readonly #derive: Derive;
  readonly #on: Platform;
  readonly #sealsPerHalf: number;
  readonly #openers = new Map<number, Opener>();
  #half: Uint8Array = new Uint8Array(HALF);
  #sealer: Awaitable<Aead> | undefined;
  #left = 0;

  constructor(derive: Derive, on: Platform, sealsPerHalf: number) {
    this.#derive = derive;
    this.#on = on;
    this.#sealsPerHalf = sealsPerHalf;
  }

  seal(plaintext: Uint8Array, aad: Uint8Array, room = 0): Awaitable<Uint8Array> {
    const sealer = this.#sealer === undefined || this.#left === 0 ? this.#renew() : this.#sealer;
    // Counted before the first wait, or seals that run at once could pass the limit together.
    this.#left -= 1;
    const half = this.#half;
    const nonce = this.#on.randomBytes(NONCE - HALF);
    return chain(sealer, (aead) =>
      chain(aead.seal(nonce, plaintext, aad), (body) => envelope(room, half, nonce, body)),
    );
  }

  open(sealed: Uint8Array, aad: Uint8Array): Awaitable<Uint8Array | null> {
    if (sealed.length < NONCE + TAG) return null;
    const nonce = sealed.subarray(HALF, NONCE);
    const body = sealed.subarray(NONCE);
    const known = this.#openers.get(slotOf(sealed));
    if (known !== undefined && startsWith(sealed, known.half)) {
      // The order matters only once something must go: until the half is full, a hit costs no write.
      if (this.#openers.size > OPENERS / 2) this.#remember(known);
      return known.aead.open(nonce, body, aad);
    }
    const half = new Uint8Array(sealed.subarray(0, HALF));
    return chain(this.#derive(half), (aead) =>
      chain(aead.open(nonce, body, aad), (plaintext) => {
        // Only what proved to be ours is kept: made-up nonces neither fill the memory nor push keys out.
        if (plaintext !== null) this.#remember({ half, aead });
        return plaintext;
      }),
    );
  }

  #renew(): Awaitable<Aead> {
    const half = this.#on.randomBytes(HALF);
    const sealer = this.#derive(half);
    this.#half = half;
    this.#sealer = sealer;
    this.#left = this.#sealsPerHalf;
    if (!isPromise(sealer)) this.#remember({ half, aead: sealer });
    else
      sealer.then(
        (aead) => {
          this.#remember({ half, aead });
          if (this.#sealer === sealer) this.#sealer = aead;
        },
        () => {
          if (this.#sealer === sealer) this.#sealer = undefined;
        },
      );
    return sealer;
  }

  /** Least recently used: a Map keeps the order of insertion. */
  #remember(opener: Opener): void {
    const slot = slotOf(opener.half);
    this.#openers.delete(slot);
    this.#openers.set(slot, opener);
    if (this.#openers.size <= OPENERS) return;
    for (const oldest of this.#openers.keys()) {
      this.#openers.delete(oldest);
      return;
    }
  }
}

/** The first 30 bits: a small integer is found in a Map ten times as fast as a string made for it. */
function slotOf(half: Uint8Array): number {
  const at = (i: number): number => half[i] as number;
  return (at(0) << 22) | (at(1) << 14) | (at(2) << 6) | (at(3) >> 2);
}

function startsWith(sealed: Uint8Array, half: Uint8Array): boolean {
  for (let i = 0; i < HALF; i++) if (sealed[i] !== half[i]) return false;
  return true;
}
