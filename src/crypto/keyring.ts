/**
 * The key ring: from each secret, keys for each purpose, found by the one byte that travels with every token.
 */
import { platform } from "#crypto";
import type { Awaitable } from "../awaitable.ts";
import { chain, isPromise } from "../awaitable.ts";
import { invalidOption } from "../errors.ts";
import { requestsAreIsolated } from "./isolated.ts";
import type { Mac, Platform } from "./platform.ts";
import { kidOf, readSecrets, type Secrets } from "./secrets.ts";
import { decode as decodeUtf8, encode as encodeUtf8 } from "./utf8.ts";
import { createXaes, type Xaes } from "./xaes.ts";

export type { Secrets } from "./secrets.ts";

/** One secret's keys. They are derived on first use, once for each purpose, and kept. */
export interface Key {
  /** `k0` to `k255`. */
  readonly name: string;
  /** The number in the name: one byte on the wire. */
  readonly kid: number;
  /** HMAC-SHA-256 for a purpose, which is a constant of the program and not a client's value. */
  mac(purpose: string): Awaitable<Mac>;
  /** XAES-256-GCM for a purpose. The same purpose gives another key than `mac`. */
  xaes(purpose: string): Awaitable<Xaes>;
}

export interface KeyRing {
  /** The key that signs and seals. */
  readonly active: Key;
  /** The key to verify and open with; undefined for an unknown and for a revoked one. */
  find(kid: number): Key | undefined;
  /** Tells a token of a revoked key from noise, for the event. */
  isRevoked(kid: number): boolean;
}

export interface KeyRingOptions {
  /**
   * Keeps applications apart that share a secret: tokens of one are noise to the other. 255 bytes of UTF-8 at most; may
   * be empty.
   */
  readonly audience: string;
  /** The cryptography to use; default: the one that `#crypto` resolves to. */
  readonly platform?: Platform | undefined;
}

/**
 * Reads the secrets and makes their ring; derives nothing yet.
 *
 * @throws SessionError SOJOURN_WEAK_SECRET or SOJOURN_INVALID_OPTION, as `readSecrets`.
 */
export function createKeyRing(secrets: Secrets, options: KeyRingOptions): KeyRing {
  const { active, keys, revoked } = readSecrets(secrets);
  const audience = readAudience(options.audience);
  const on = options.platform ?? platform;
  const byKid = new Map<number, Key>();
  for (const [name, secret] of keys) byKid.set(kid(name), new DerivedKey(name, kid(name), secret, audience, on));
  const revokedKids = new Set(Array.from(revoked, kid));
  return {
    active: byKid.get(kid(active)) as Key,
    find: (kid) => byKid.get(kid),
    isRevoked: (kid) => revokedKids.has(kid),
  };
}

/** Of a name that `readSecrets` let through. */
function kid(name: string): number {
  return kidOf(name) as number;
}

function readAudience(audience: string): Uint8Array {
  if (typeof audience !== "string") throw invalidOption("audience", audience, "a text");
  const bytes = encodeUtf8(audience);
  // What does not come back unchanged holds a lone surrogate, and all of those have the same bytes.
  if (bytes.length > 255 || decodeUtf8(bytes) !== audience)
    throw invalidOption("audience", audience, "well-formed text of 255 bytes of UTF-8 at most");
  return bytes;
}

const NO_SALT = new Uint8Array(0);

class DerivedKey implements Key {
  readonly name: string;
  readonly kid: number;
  readonly #secret: Uint8Array;
  readonly #audience: Uint8Array;
  readonly #on: Platform;
  readonly #macs = new Map<string, Awaitable<Mac>>();
  readonly #ciphers = new Map<string, Awaitable<Xaes>>();

  constructor(name: string, kid: number, secret: Uint8Array, audience: Uint8Array, on: Platform) {
    this.name = name;
    this.kid = kid;
    this.#secret = secret;
    this.#audience = audience;
    this.#on = on;
  }

  mac(purpose: string): Awaitable<Mac> {
    return once(this.#macs, purpose, () => this.#derive(`mac/${purpose}`, (key) => this.#on.mac(key)));
  }

  xaes(purpose: string): Awaitable<Xaes> {
    const on = this.#on;
    return once(this.#ciphers, purpose, () =>
      this.#derive(`xaes/${purpose}`, (key) => createXaes(key, { platform: on })),
    );
  }

  /** HKDF (RFC 5869) without a salt: the secret is uniform already, and the info tells the keys apart. */
  #derive<T>(use: string, make: (key: Uint8Array) => Awaitable<T>): Awaitable<T> {
    const info = labelled(encodeUtf8(`sojourn/v1/${use}`), this.#audience);
    return chain(this.#on.hkdf(this.#secret, NO_SALT, info, 32), (key) =>
      chain(make(key), (made) => {
        key.fill(0);
        return made;
      }),
    );
  }
}

/** The audience with its length behind it, so that no two pairs of label and audience make the same bytes. */
function labelled(label: Uint8Array, audience: Uint8Array): Uint8Array {
  const info = new Uint8Array(label.length + audience.length + 1);
  info.set(label);
  info.set(audience, label.length);
  info[info.length - 1] = audience.length;
  return info;
}

/**
 * Makes a value once. Callers that come while it is under way share the promise, unless it could be that of a request
 * that ends before; a failure is forgotten.
 */
function once<T>(made: Map<string, Awaitable<T>>, name: string, make: () => Awaitable<T>): Awaitable<T> {
  const there = made.get(name);
  if (there !== undefined) return there;
  const value = make();
  if (!isPromise(value) || !requestsAreIsolated) made.set(name, value);
  if (isPromise(value))
    value.then(
      (settled) => made.set(name, settled),
      () => made.delete(name),
    );
  return value;
}
