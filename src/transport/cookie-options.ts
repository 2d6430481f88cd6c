/**
 * The cookie's options. The types make the combinations that a browser would refuse, or that other hosts could
 * write to, not compile; the checks make them throw.
 */
import { checkNames, invalidOption } from "../errors.ts";
import { attributeFault, type CookieAttributes, isCookieName, type SameSite } from "./set-cookie.ts";

/**
 * The name of the cookie, unless the application chooses one.
 *
 * It says nothing about the software behind it. `__Host-` makes browsers refuse it from other hosts, without
 * `Secure`, and for other paths. `__Host-Http-` adds, where it is known (Chromium), that scripts cannot write it
 * either, so that a script cannot plant an attacker's session; elsewhere it is a `__Host-` name like any other.
 */
const DEFAULT_COOKIE_NAME = "__Host-Http-session";
/** Without `Secure` no prefix is allowed. */
const DEFAULT_INSECURE_NAME = "session";

interface CommonCookieOptions {
  /**
   * Which cross-site requests carry the cookie; always written out, for the default of browsers is laxer than `lax`.
   * `lax` (default): navigations by link. `strict`: none, so that who comes by a link from elsewhere
   * looks logged out. `none`: all, for sites that are framed by others; CSRF protection is all that is left then.
   */
  readonly sameSite?: SameSite | undefined;
  /** Whether the cookie outlives the browser: true (default) until the absolute lifetime, at most 400 days. */
  readonly persistent?: boolean | undefined;
  /** One cookie per embedding site (CHIPS), for sites in frames; with `sameSite: "none"`. Default false. */
  readonly partitioned?: boolean | undefined;
}

/** The default: a cookie that belongs to one host, and that no other host can read or write. */
export interface HostCookieOptions extends CommonCookieOptions {
  /** Begins with `__Host-`; default `__Host-Http-session`. */
  readonly name?: `__Host-${string}` | undefined;
  /** Not with a `__Host-` name. To share with subdomains, give a `__Secure-` name. */
  readonly domain?: undefined;
  readonly path?: "/" | undefined;
  readonly insecure?: false | undefined;
}

/** A cookie for a path, or for a domain with all its hosts. Each of these hosts can read and overwrite it. */
export interface SharedCookieOptions extends CommonCookieOptions {
  /** Begins with `__Secure-` (or `__Http-`); neither keeps a subdomain from writing the cookie. */
  readonly name: `__Secure-${string}` | `__Http-${string}`;
  /** The domain whose hosts share the cookie, such as "example.com"; default: this host alone. */
  readonly domain?: string | undefined;
  /** Default "/". Not a security boundary. */
  readonly path?: string | undefined;
  readonly insecure?: false | undefined;
}

/**
 * A cookie without `Secure`, for plain HTTP on another host than localhost: everybody on the way can read it. Browsers
 * other than Safari take `Secure` cookies from http://localhost, so development needs this for Safari alone.
 */
export interface InsecureCookieOptions extends CommonCookieOptions {
  /** Without a prefix. Left out, it is "session" (`UnnamedInsecureCookieOptions`). */
  readonly name: string;
  /** `true` is refused where `NODE_ENV` is "production"; "in-production" is accepted everywhere. */
  readonly insecure: true | "in-production";
  /** The domain whose hosts share the cookie; default: this host alone. */
  readonly domain?: string | undefined;
  /** Default "/". Not a security boundary. */
  readonly path?: string | undefined;
  /** As above, without `none`, which browsers refuse on a cookie that is not `Secure`. Default `lax`. */
  readonly sameSite?: "lax" | "strict" | undefined;
  readonly partitioned?: false | undefined;
}

/**
 * The same under the name "session", so that `insecure` may be a value that is known at run time alone: with `false` it
 * is the default cookie under its default name.
 */
export interface UnnamedInsecureCookieOptions extends CommonCookieOptions {
  readonly domain?: undefined;
  readonly path?: "/" | undefined;
  /** As above, or a boolean such as `process.env.NODE_ENV !== "production"`. Default false. */
  readonly insecure: boolean | "in-production";
  /** As above, without `none`. Default `lax`. */
  readonly sameSite?: "lax" | "strict" | undefined;
  readonly partitioned?: false | undefined;
}

/**
 * How the cookie is named and scoped. `Secure`, `HttpOnly`, `SameSite=Lax` and `Path=/` by default.
 *
 * @example
 * ```ts
 * const own: CookieOptions = { sameSite: "strict" };
 * const shared: CookieOptions = { name: "__Secure-session", domain: "example.com" };
 * const plain: CookieOptions = { name: "session", insecure: true };
 * ```
 */
export type CookieOptions =
  | HostCookieOptions
  | SharedCookieOptions
  | InsecureCookieOptions
  | UnnamedInsecureCookieOptions;

/** Checked, with the defaults filled in. */
export interface ResolvedCookie {
  readonly name: string;
  readonly persistent: boolean;
  readonly attributes: CookieAttributes;
}

/**
 * With that of the transport, which is given with them. `Secure` and `HttpOnly` are not to choose; `lifetime` sets
 * Max-Age.
 */
const NAMES = ["name", "sameSite", "persistent", "partitioned", "domain", "path", "insecure", "chunks"];

/**
 * @throws SessionError `SOJOURN_INVALID_OPTION` for a combination that browsers refuse, a name without a prefix on a
 * secure cookie, a name with one on an insecure cookie, and an insecure cookie in production that does not say so.
 */
export function resolveCookie(options: CookieOptions = {}): ResolvedCookie {
  checkNames("cookie.", options, NAMES);
  const { persistent = true, partitioned = false, insecure = false } = options;
  const { name = insecure === false ? DEFAULT_COOKIE_NAME : DEFAULT_INSECURE_NAME } = options as { name?: string };
  const attributes: CookieAttributes = {
    domain: options.domain,
    path: options.path ?? "/",
    sameSite: options.sameSite ?? "lax",
    secure: insecure === false,
    partitioned,
  };
  if (!isCookieName(name)) throw invalidOption("cookie.name", name, "a name of letters, digits and !#$%&'*+-.^_`|~");
  if (typeof persistent !== "boolean") throw invalidOption("cookie.persistent", persistent, "true or false");
  if (typeof partitioned !== "boolean") throw invalidOption("cookie.partitioned", partitioned, "true or false");
  checkInsecure(insecure);
  checkPrefix(name, attributes);
  const fault = attributeFault(attributes);
  if (fault) throw invalidOption(`cookie.${fault.attribute}`, attributes[fault.attribute], fault.expected);
  return { name, persistent, attributes };
}

function checkInsecure(insecure: unknown): void {
  if (insecure === false || insecure === "in-production") return;
  if (insecure !== true) throw invalidOption("cookie.insecure", insecure, 'true, "in-production" or nothing');
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env;
  if (environment?.NODE_ENV === "production")
    throw invalidOption(
      "cookie.insecure",
      insecure,
      'a Secure cookie in production, or "in-production" to send it over plain HTTP there too',
    );
}

function checkPrefix(name: string, attributes: CookieAttributes): void {
  const prefix = /^__(?:Host-|Secure-|Http-)/i.exec(name)?.[0];
  if (!attributes.secure) {
    if (prefix !== undefined)
      throw invalidOption(
        "cookie.name",
        name,
        "a name without a prefix, for browsers keep prefixes for Secure cookies",
      );
    return;
  }
  if (prefix === undefined)
    throw invalidOption("cookie.name", name, 'a name that begins with "__Host-", or "__Secure-" to share it');
  if (prefix.toLowerCase() !== "__host-") return;
  if (attributes.domain !== undefined)
    throw invalidOption(
      "cookie.domain",
      attributes.domain,
      `none with the name ${name}; a "__Secure-" name allows one`,
    );
  if (attributes.path !== "/")
    throw invalidOption("cookie.path", attributes.path, `"/" with the name ${name}; a "__Secure-" name allows another`);
}
