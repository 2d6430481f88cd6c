/**
 * What a cookie of express-session is set with: any of it can be what an application or a row said, and is checked
 * here.
 */
export interface CookieData {
  readonly originalMaxAge?: unknown;
  readonly partitioned?: unknown;
  readonly priority?: unknown;
  readonly expires?: unknown;
  readonly secure?: unknown;
  readonly httpOnly?: unknown;
  readonly domain?: unknown;
  readonly path?: unknown;
  readonly sameSite?: unknown;
}

/** RFC 6265, 4.1.1, as far as browsers keep to it: no control character, no semicolon, no equals sign. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const DOMAIN = /^\.?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const PATH = /^[ -:<-~]*$/;
const PRIORITY: Readonly<Record<string, string>> = { low: "Low", medium: "Medium", high: "High" };
const SAME_SITE: Readonly<Record<string, string>> = { true: "Strict", strict: "Strict", lax: "Lax", none: "None" };

/**
 * A `Set-Cookie` line, attributes in the order that express-session writes them in.
 *
 * @throws TypeError for what no browser would take: it says which option is invalid.
 */
export function serializeCookie(name: string, value: string, data: CookieData): string {
  if (!NAME.test(name)) throw invalid("argument name");
  const { domain, path, expires, httpOnly, secure, partitioned, priority, sameSite } = data;
  let line = `${name}=${encodeURIComponent(value)}`;
  if (domain) line += `; Domain=${matching("domain", domain, DOMAIN)}`;
  if (path) line += `; Path=${matching("path", path, PATH)}`;
  if (expires) line += `; Expires=${instant(expires)}`;
  if (httpOnly) line += "; HttpOnly";
  if (secure) line += "; Secure";
  if (partitioned) line += "; Partitioned";
  if (priority) line += `; Priority=${oneOf("priority", priority, PRIORITY)}`;
  if (sameSite) line += `; SameSite=${oneOf("sameSite", sameSite, SAME_SITE)}`;
  return line;
}

function matching(option: string, value: unknown, form: RegExp): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw invalid(`option ${option}`);
}

function instant(value: unknown): string {
  if (value instanceof Date && Number.isFinite(value.getTime())) return value.toUTCString();
  throw invalid("option expires");
}

function oneOf(option: string, value: unknown, words: Readonly<Record<string, string>>): string {
  const word = typeof value === "string" || value === true ? String(value).toLowerCase() : "";
  if (Object.hasOwn(words, word)) return words[word] as string;
  throw invalid(`option ${option}`);
}

function invalid(what: string): TypeError {
  return new TypeError(`${what} is invalid`);
}
