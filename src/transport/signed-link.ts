/**
 * Links that carry a session for a client without cookies, and that nobody can make or alter but this application.
 */
import { platform } from "#crypto";
import * as base64url from "../crypto/base64url.ts";
import type { Mac } from "../crypto/platform.ts";
import * as utf8 from "../crypto/utf8.ts";
import { invalidOption } from "../errors.ts";

/** The query parameter that holds the token, unless the application chooses another. */
export const DEFAULT_PARAM = "sid";

/** Characters of a URL that are looked at; longer ones carry no session. */
const MAX_URL = 8_192;

/** Where paths are resolved; reserved, so that no link can name it (RFC 2606). */
const RELATIVE = "http://relative.invalid";

/** What the signature stands for; another use of the same key would have another label. */
const LABEL = "sojourn:link:v1";

/** A link taken apart: what is signed, and the signature. Not verified. */
export interface Link {
  readonly path: string;
  /** The query in front of the three parameters of the link, as it stands. */
  readonly query: string;
  readonly param: string;
  readonly token: string;
  /** Seconds since the epoch. */
  readonly expires: string;
  readonly signature: string;
}

/**
 * Adds a session to a link: `sid`, `exp` and `sig` at its end. The signature covers the path, the whole query, the
 * token and the expiry, so the link works for this one address, as it is, until then. It does not cover the host.
 *
 * Whoever has the link has the session. Never sign an address that a user supplied: an absolute one hands the session
 * to its host. Give it a short life, hand it out over HTTPS to the client that asked, and
 * never mail it, log it or show it to others.
 *
 * @param href A path, or an absolute http(s) URL; comes back in the form a browser sends.
 * @param token The session's value.
 * @param expiresAt Milliseconds since the epoch, rounded down to the second.
 * @param mac Keyed for links only.
 * @throws SessionError `SOJOURN_INVALID_OPTION` for a link that is neither, or that has one of the parameters already.
 *
 * @example
 * ```ts
 * await signLink("/download?file=7", "token", 1_763_800_060_000, mac);
 * // "/download?file=7&sid=token&exp=1763800060&sig=…"
 * ```
 */
export async function signLink(
  href: string,
  token: string,
  expiresAt: number,
  mac: Mac,
  param: string = DEFAULT_PARAM,
): Promise<string> {
  const relative = href.startsWith("/");
  const url = URL.canParse(href, RELATIVE) ? new URL(href, RELATIVE) : undefined;
  // "//host", "/\host" and "/<tab>/host" lead elsewhere, and so does what is left of "/.//host".
  const here = url?.origin === RELATIVE && !url.pathname.startsWith("//");
  if (!url || (relative ? !here : !/^https?:\/\//i.test(href)))
    throw invalidOption("href", href, "a path that begins with one slash, or an http(s) URL");
  const taken = [param, "exp", "sig"].find((name) => url.searchParams.has(name));
  if (taken !== undefined) throw invalidOption("href", href, `a link without the parameter ${taken}`);
  if (!/^[\w-]+$/.test(token)) throw invalidOption("token", "", "a session's value");
  if (!Number.isFinite(expiresAt) || expiresAt < 0 || expiresAt >= 1e15)
    throw invalidOption("expiresAt", expiresAt, "milliseconds since the epoch");

  const query = url.search.slice(1);
  const expires = String(Math.floor(expiresAt / 1_000));
  const tag = await mac(message({ path: url.pathname, query, param, token, expires }));
  const suffix = `${param}=${token}&exp=${expires}&sig=${base64url.encode(tag)}`;
  return `${relative ? "" : url.origin}${url.pathname}?${query === "" ? "" : `${query}&`}${suffix}${url.hash}`;
}

/**
 * The token of a link that this application signed and that has not expired; null for every other. Never throws.
 *
 * @param url Path and query as they were received, or an absolute URL.
 * @param now Milliseconds since the epoch.
 */
export async function verifyLink(
  url: string,
  now: number,
  mac: Mac,
  param: string = DEFAULT_PARAM,
): Promise<string | null> {
  const link = parseLink(url, param);
  const signature = link && base64url.decode(link.signature);
  if (!link || !signature) return null;
  // The signature first: nothing is learnt from how a forged link fails.
  const genuine = platform.equal(await mac(message(link)), signature);
  return genuine && now < Number(link.expires) * 1_000 ? link.token : null;
}

/** Takes a link apart. Null when it has not the three parameters, once each, at its end and in their order. */
export function parseLink(url: string, param: string): Link | null {
  if (url.length > MAX_URL) return null;
  const relative = url.replace(/^https?:\/\/[^/?#]*/i, "").replace(/#.*$/s, "");
  const question = relative.indexOf("?");
  if (question === -1) return null;
  const whole = relative.slice(question + 1);
  // With an ampersand in front the parameter is found at the beginning too; `mark` is then where the query ends.
  const mark = `&${whole}`.lastIndexOf(`&${param}=`);
  if (mark === -1) return null;
  const [, token, expires, signature] =
    /^=([\w-]+)&exp=(0|[1-9]\d{0,11})&sig=([\w-]{43})$/.exec(whole.slice(mark + param.length)) ?? [];
  if (token === undefined || expires === undefined || signature === undefined) return null;
  const path = relative.slice(0, question) || "/";
  return { path, query: whole.slice(0, Math.max(0, mark - 1)), param, token, expires, signature };
}

/** Each part behind its length, so that no two links have the same message. */
function message(link: Omit<Link, "signature">): Uint8Array {
  const parts = [LABEL, link.path, link.query, link.param, link.token, link.expires].map(utf8.encode);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}
