/**
 * The reader of @fastify/secure-session, whose data is in the cookie, sealed with libsodium's secretbox.
 */
import { checkKnown, invalidOption } from "../../errors.ts";
import { base64, base64url, textOf } from "../cryptography.ts";
import {
  type CookieOptions,
  cookiesOf,
  dateOf,
  type Found,
  firstFound,
  jsonOf,
  provenBy,
  type Reader,
  valuesOf,
} from "../reader.ts";

/** The one function of sodium-native that is used, which the old application has already. */
export interface SodiumLike {
  crypto_secretbox_open_easy(message: Uint8Array, sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean;
}

/** How sessions of @fastify/secure-session are found. */
export interface SecureSessionOptions extends CookieOptions {
  /** `key`, 32 bytes; or several, the present one first. */
  readonly key: Uint8Array | readonly Uint8Array[];
  /** The module: `import sodium from "sodium-native"`. */
  readonly sodium: SodiumLike;
  /** Its option `expiry`: how long a session lives, in seconds. Default 86,401 s, as there. */
  readonly expiry?: number | undefined;
}

/** XSalsa20-Poly1305: bytes of the tag and of the nonce. */
const TAG = 16;
const NONCE = 24;

/**
 * Sessions of @fastify/secure-session 8, which are sealed in the cookie.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a key of 32 bytes or without sodium.
 * @example
 * ```ts
 * import { fromFastifySecureSession } from "sojourn/migrate";
 *
 * const sodium = { crypto_secretbox_open_easy: () => false };
 * fromFastifySecureSession({ key: new Uint8Array(32), sodium }).name; // → "@fastify/secure-session"
 * ```
 */
export function fromFastifySecureSession(options: SecureSessionOptions): Reader {
  checkKnown(options, { cookie: true, domain: true, expiry: true, key: true, path: true, sodium: true });
  const { key, sodium, expiry = 86_401 } = options;
  const keys = key instanceof Uint8Array ? [key] : (key ?? []);
  if (keys.length === 0 || !keys.every((each) => each?.length === 32))
    throw invalidOption("key", undefined, "32 bytes");
  if (typeof sodium?.crypto_secretbox_open_easy !== "function")
    throw invalidOption("sodium", sodium, "the module sodium-native");
  return {
    name: "@fastify/secure-session",
    cookies: cookiesOf(options, "session"),
    find: (source) =>
      firstFound(valuesOf(source, options.cookie ?? "session"), async (value) => open(value, keys, sodium, expiry)),
  };
}

function open(value: string, keys: readonly Uint8Array[], sodium: SodiumLike, expiry: number): Found | undefined {
  const [first = "", second = ""] = value.split(";");
  const [sealed, nonce] = [base64(first), base64(second)];
  if (!sealed || sealed.length < TAG || nonce?.length !== NONCE) return undefined;
  // sodium-native takes nothing but Buffers where there are some, and those are bytes, too.
  const message = new Uint8Array(sealed.length - TAG);
  if (!keys.some((key) => sodium.crypto_secretbox_open_easy(message, sealed, nonce, key))) return undefined;
  const content = jsonOf(textOf(message));
  if (!content) return undefined;
  const { __ts: made, ...data } = content;
  const proof = base64url(new Uint8Array([...nonce, ...sealed]));
  return provenBy(proof, { data, expiresAt: typeof made === "number" ? dateOf((made + expiry) * 1000) : undefined });
}
