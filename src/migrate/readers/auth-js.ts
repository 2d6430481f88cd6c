/**
 * The readers of Auth.js and next-auth 4 whose tokens are in the cookie. Auth.js with a table is in `looked-up.ts`.
 */
import { checkKnown, invalidOption } from "../../errors.ts";
import { base64url, listOf, type OldSecrets, utf8 } from "../cryptography.ts";
import {
  type CookieOptions,
  cookiesOf,
  dateOf,
  type Found,
  type FoundSession,
  firstFound,
  provenBy,
  type Reader,
  valuesOf,
} from "../reader.ts";
import { joined, pieces } from "./chunks.ts";
import { openCbc, openGcm, parseJwe } from "./jwe.ts";

/** How sessions of Auth.js are found that are in the cookie (`strategy: "jwt"`). */
export interface AuthJsOptions extends CookieOptions {
  /** `AUTH_SECRET`, or `NEXTAUTH_SECRET`: one, or all that are in use. */
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
  return encrypted("Auth.js", options, "authjs.session-token", decrypted);
}

/**
 * Sessions of next-auth 4 that are encrypted in the cookie. The user is the token's `sub`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a secret.
 * @example
 * ```ts
 * import { fromNextAuth } from "sojourn/migrate";
 *
 * fromNextAuth({ secret: "the NEXTAUTH_SECRET", cookie: "__Secure-next-auth.session-token" }).name; // → "next-auth"
 * ```
 */
export function fromNextAuth(options: AuthJsOptions): Reader {
  return encrypted("next-auth", options, "next-auth.session-token", decryptedByNextAuth);
}

function encrypted(
  library: string,
  options: AuthJsOptions,
  own: string,
  read: (token: string, secrets: readonly string[], name: string) => Promise<Found | undefined>,
): Reader {
  checkKnown(options, { cookie: true, domain: true, path: true, secret: true });
  const secrets = listOf(options.secret ?? []);
  if (secrets.length === 0) throw invalidOption("secret", options.secret, "the secret of the old application");
  const name = options.cookie ?? own;
  return {
    name: library,
    cookies: cookiesOf(options, own, ["", ...pieces(0, CHUNKS)]),
    find: (source) =>
      firstFound([...joined(source, name, 0, CHUNKS), ...valuesOf(source, name)], (token) =>
        read(token, secrets, name),
      ),
  };
}

async function decrypted(token: string, secrets: readonly string[], salt: string): Promise<Found | undefined> {
  const jwe = parseJwe(token, "A256CBC-HS512");
  if (!jwe) return undefined;
  const info = `Auth.js Generated Encryption Key (${salt})`;
  for (const secret of secrets) {
    const key = await derived(secret, salt, info, 512);
    if (jwe.header.kid !== undefined && jwe.header.kid !== (await thumbprint(key))) continue;
    const opened = await openCbc(jwe, key);
    if (opened) return provenBy(opened.proof, sessionOf(opened.claims));
  }
  return undefined;
}

async function decryptedByNextAuth(token: string, secrets: readonly string[]): Promise<Found | undefined> {
  const jwe = parseJwe(token, "A256GCM");
  if (!jwe) return undefined;
  for (const secret of secrets) {
    const opened = await openGcm(jwe, await derived(secret, "", "NextAuth.js Generated Encryption Key", 256));
    if (opened) return provenBy(opened.proof, sessionOf(opened.claims));
  }
  return undefined;
}

/** A token that does not say when it ends is none of theirs. */
function sessionOf(claims: Record<string, unknown> | undefined): FoundSession | undefined {
  if (typeof claims?.exp !== "number") return undefined;
  const { exp, iat: _issued, jti: _id, ...data } = claims;
  return { data, userId: typeof data.sub === "string" ? data.sub : undefined, expiresAt: dateOf(Number(exp) * 1000) };
}

async function derived(secret: string, salt: string, info: string, bits: number): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", utf8(secret), "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: utf8(salt), info: utf8(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, bits));
}

/** RFC 7638, of a symmetric key, by SHA-512. */
async function thumbprint(key: Uint8Array): Promise<string> {
  const jwk = utf8(`{"k":"${base64url(key)}","kty":"oct"}`);
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-512", jwk)));
}
