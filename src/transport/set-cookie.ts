/**
 * Writes `Set-Cookie` lines that a browser will keep, and refuses to write any other.
 */
import { SessionError } from "../errors.ts";

/** Octets of name and value together; browsers drop larger cookies without a word (RFC 6265bis, 5.7). */
export const MAX_COOKIE_BYTES = 4_096;

/** 400 days in seconds; browsers cut longer lifetimes (RFC 6265bis, 5.5). */
export const MAX_COOKIE_AGE = 34_560_000;

/** Octets of one attribute's value; browsers ignore longer ones, and so would set the cookie for the wrong path. */
const MAX_ATTRIBUTE = 1_024;

export type SameSite = "lax" | "strict" | "none";

/** What a cookie is set with, and must be cleared with. `HttpOnly` is not a choice. */
export interface CookieAttributes {
  readonly domain?: string | undefined;
  readonly path: string;
  readonly sameSite: SameSite;
  readonly secure: boolean;
  readonly partitioned: boolean;
}

/** Writes one cookie. `maxAge` in whole seconds, 0 to 34,560,000; undefined for a cookie that dies with the browser. */
export type SetCookie = (name: string, value: string, maxAge: number | undefined) => string;

/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 6265, 4.1.1: no control character, blank, quote, comma, semicolon, backslash, nothing beyond ASCII. */
const VALUE = /^[!#-+\--:<-[\]-~]*$/;
/** Letters, digits and hyphens in labels (RFC 1123, 2.1); at least two labels, the last one no number. */
const DOMAIN =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!-)[a-z0-9-]{0,61}[a-z][a-z0-9-]{0,61}(?<![.-])$/i;
const PATH = /^\/[!-+\--:<-~]*$/;

const SAME_SITE: Record<SameSite, string> = { lax: "Lax", strict: "Strict", none: "None" };

/** What is wrong with the attributes, in the words that follow "expected"; undefined when nothing is. */
export function attributeFault(
  attributes: CookieAttributes,
): { readonly attribute: keyof CookieAttributes; readonly expected: string } | undefined {
  const { domain, path, sameSite, secure, partitioned } = attributes;
  if (domain !== undefined && (typeof domain !== "string" || !DOMAIN.test(domain)))
    return {
      attribute: "domain",
      expected: 'a domain of two labels or more, such as "example.com", without a dot in front',
    };
  if (typeof path !== "string" || !PATH.test(path) || path.length > MAX_ATTRIBUTE)
    return { attribute: "path", expected: "a path that begins with a slash, without blanks, commas and semicolons" };
  if (!Object.hasOwn(SAME_SITE, sameSite)) return { attribute: "sameSite", expected: '"lax", "strict" or "none"' };
  if (!secure && sameSite === "none")
    return { attribute: "sameSite", expected: '"lax" or "strict" for a cookie without Secure' };
  if (!secure && partitioned) return { attribute: "partitioned", expected: "false for a cookie without Secure" };
  return undefined;
}

/**
 * What the prefix of the name asks for and the attributes do not give (RFC 6265bis, 4.1.3, and for `Http` the draft
 * that follows it); undefined when all is well. Browsers compare prefixes without regard to case, and so does this.
 */
function prefixFault(name: string, attributes: CookieAttributes): string | undefined {
  const prefix = /^__(?:Host-|Secure-|Http-)/i.exec(name)?.[0].toLowerCase();
  if (prefix === undefined) return undefined;
  if (!attributes.secure) return `no Secure, which the prefix of the name ${name} needs`;
  if (prefix !== "__host-") return undefined;
  if (attributes.domain !== undefined) return `a domain, which the prefix of the name ${name} forbids`;
  return attributes.path === "/" ? undefined : `a path other than "/", which the prefix of the name ${name} forbids`;
}

/** Whether the text can be the name of a cookie. */
export function isCookieName(name: unknown): name is string {
  return typeof name === "string" && TOKEN.test(name) && name.length <= MAX_ATTRIBUTE;
}

/**
 * A writer for cookies of these attributes, which are checked once.
 *
 * @throws SessionError `SOJOURN_INVALID_COOKIE`, here and from the writer, for every byte that a header must not hold,
 *   a prefix whose rules are broken, and a lifetime that is no whole number of seconds from 0 to 34,560,000.
 *   `SOJOURN_COOKIE_TOO_LARGE` from the writer, above 4,096 bytes of name and value.
 */
export function setCookieWriter(attributes: CookieAttributes): SetCookie {
  const fault = attributeFault(attributes);
  if (fault) throw invalid(`${fault.attribute}: expected ${fault.expected}`);
  const tail =
    (attributes.domain === undefined ? "" : `; Domain=${attributes.domain}`) +
    `; Path=${attributes.path}${attributes.secure ? "; Secure" : ""}; HttpOnly` +
    `; SameSite=${SAME_SITE[attributes.sameSite]}${attributes.partitioned ? "; Partitioned" : ""}`;

  return (name, value, maxAge) => {
    if (!isCookieName(name)) throw invalid("expected a name of letters, digits and !#$%&'*+-.^_`|~");
    const broken = prefixFault(name, attributes);
    if (broken !== undefined) throw invalid(`found ${broken}`);
    if (typeof value !== "string" || !VALUE.test(value))
      throw invalid("expected a value of visible ASCII without quotes, commas, semicolons and backslashes");
    if (name.length + value.length > MAX_COOKIE_BYTES)
      throw cookieTooLarge(value.length, MAX_COOKIE_BYTES - name.length);
    if (maxAge === undefined) return `${name}=${value}${tail}`;
    if (!Number.isInteger(maxAge) || maxAge < 0 || maxAge > MAX_COOKIE_AGE)
      throw invalid(`expected a Max-Age of 0 to ${MAX_COOKIE_AGE} whole seconds, found ${maxAge}`);
    return `${name}=${value}; Max-Age=${maxAge}${tail}`;
  };
}

/** A value that the browser would drop, or keep the old one instead of. */
export function cookieTooLarge(found: number, limit: number): SessionError {
  return tooLarge("cookie", found, limit, 'allow more and larger cookies with the option "cookie.chunks" (1 to 8)');
}

/** For a value that a client would drop, or a server on the way would refuse. */
export function tooLarge(carrier: string, found: number, limit: number, remedy?: string): SessionError {
  const remedies = ["Keep less in the session", ...(remedy ? [remedy] : []), "or keep the data in a store."].join(", ");
  return new SessionError(
    "SOJOURN_COOKIE_TOO_LARGE",
    `Session ${carrier}: expected a value of at most ${limit} bytes, found ${found}, which would get lost. ${remedies}`,
  );
}

function invalid(what: string): SessionError {
  return new SessionError("SOJOURN_INVALID_COOKIE", `Session cookie: ${what}.`);
}
