import { invalidOption } from "../../errors.ts";
import type { RequestSource } from "../../index.ts";
import { base64, base64url, decryptCbc, hasTag, listOf, type OldSecrets, textOf, utf8 } from "../cryptography.ts";
import {
  type CookieOptions,
  cookiesOf,
  dateOf,
  type Found,
  type FoundSession,
  firstFound,
  jsonOf,
  provenBy,
  type Reader,
  valuesOf,
} from "../reader.ts";

/** How sessions of Auth.js are found that are in the cookie (`strategy: "jwt"`). */
export interface AuthJsOptions extends CookieOptions {
  /** `AUTH_SECRET`: one, or all that are in use. */
  readonly secret: OldSecrets;
}

/** The most chunks that a session is split into here: 40 kB. */
const CHUNKS = 10;

/**
 * Sessions of Auth.js (`@auth/core` 0.41, next-auth 5) that are encrypted in the cookie. The user is the token's `sub`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a secret.
 * @example
 * ```ts
 * import { fromAuthJs } from "sojourn/migrate";
 *
 * fromAuthJs({ secret: "the AUTH_SECRET", cookie: "__Secure-authjs.session-token" }).name; // → "Auth.js"
 * ```
 */
export function fromAuthJs(options: AuthJsOptions): Reader {
  const secrets = listOf(options.secret ?? []);
  if (secrets.length === 0) throw invalidOption("secret", options.secret, "the AUTH_SECRET of the old application");
  const own = "authjs.session-token";
  const name = options.cookie ?? own;
  const endings = ["", ...Array.from({ length: CHUNKS }, (_, at) => `.${at}`)];
  return {
    name: "Auth.js",
    cookies: cookiesOf(options, own, endings),
    find: (source) => firstFound(candidates(source, name), (token) => decrypted(token, secrets, name)),
  };
}

function candidates(source: RequestSource, name: string): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < CHUNKS; at++) {
    const [chunk] = valuesOf(source, `${name}.${at}`);
    if (chunk === undefined) break;
    chunks.push(chunk);
  }
  return chunks.length > 0 ? [chunks.join(""), ...valuesOf(source, name)] : valuesOf(source, name);
}

/** JWE, compact: direct encryption with A256CBC-HS512 (RFC 7516, 7518). */
async function decrypted(token: string, secrets: readonly string[], salt: string): Promise<Found | undefined> {
  const parts = token.split(".");
  const [head = "", none, iv = "", sealed = "", tag = ""] = parts;
  const header = jsonOf(textOf(base64(head) ?? new Uint8Array([255])));
  if (parts.length !== 5 || none !== "" || header?.alg !== "dir" || header.enc !== "A256CBC-HS512") return undefined;
  const [vector, bytes, mac] = [base64(iv), base64(sealed), base64(tag)];
  if (!vector || !bytes || mac?.length !== 32) return undefined;
  const additional = utf8(head);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(additional.length * 8));
  const message = new Uint8Array([...additional, ...vector, ...bytes, ...length]);
  for (const secret of secrets) {
    const key = await derived(secret, salt);
    if (header.kid !== undefined && header.kid !== (await thumbprint(key))) continue;
    if (!(await hasTag("SHA-512", key.slice(0, 32), message, mac))) continue;
    const plain = await decryptCbc(key.slice(32), vector, bytes);
    return provenBy(base64url(message), sessionOf(plain && jsonOf(textOf(plain))));
  }
  return undefined;
}

/** A token that does not say when it ends is none of theirs. */
function sessionOf(claims: Record<string, unknown> | undefined): FoundSession | undefined {
  if (typeof claims?.exp !== "number") return undefined;
  const { exp, iat: _issued, jti: _id, ...data } = claims;
  return { data, userId: typeof data.sub === "string" ? data.sub : undefined, expiresAt: dateOf(Number(exp) * 1000) };
}

async function derived(secret: string, salt: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", utf8(secret), "HKDF", false, ["deriveBits"]);
  const info = utf8(`Auth.js Generated Encryption Key (${salt})`);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: utf8(salt), info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 512));
}

/** RFC 7638, of a symmetric key, by SHA-512. */
async function thumbprint(key: Uint8Array): Promise<string> {
  const jwk = utf8(`{"k":"${base64url(key)}","kty":"oct"}`);
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-512", jwk)));
}
