/**
 * What an application says about cross-site requests, checked once at the start.
 */
import { checkNames, invalidOption } from "../errors.ts";
import type { RequestSource } from "../transport/transport.ts";

/** What adapters refuse, and what a request must bring; see docs/csrf.md. */
export interface CsrfOptions {
  /**
   * Other sites whose pages may send unsafe requests with the user's cookies: full origins, `scheme://host[:port]`
   * and nothing behind; "null" is none. Keep it the same as the CORS allow-list. A function is asked for each foreign
   * origin and answers `true` for those that are trusted: for tenants on subdomains, or a list that changes. It must
   * not be slow, and match the whole origin. Default: none.
   */
  readonly trustedOrigins?: readonly string[] | ((origin: string) => boolean) | undefined;
  /**
   * The public origins of this application. When given, an `Origin` header must be one of them, scheme included;
   * without (default), it is compared with the `Host` header, which cannot tell http from https. Give it behind a proxy
   * that changes `Host`.
   */
  readonly origin?: string | readonly string[] | undefined;
  /**
   * When a request needs a token beside. `when-unsure` (default): when it carries a session and the browser says
   * nothing about where it comes from. `always`: with every unsafe request, as NIST SP 800-63B-4 section 5.1 words it.
   * `never`: the headers decide alone.
   */
  readonly tokens?: "when-unsure" | "always" | "never" | undefined;
  /** The request header that holds the token; default `x-csrf-token`. */
  readonly tokenHeader?: string | undefined;
  /** The field of a form or a JSON body that holds the token; default `csrf`. */
  readonly tokenField?: string | undefined;
  /**
   * Requests that are not checked, such as webhooks that prove themselves in another way: exact paths as they are
   * sent (no patterns, no decoding), or a function that answers `true`. Default: none.
   */
  readonly exempt?: readonly string[] | ((source: RequestSource) => boolean) | undefined;
  /**
   * True lets WebSocket handshakes without an `Origin` header in: native clients send none, and every browser
   * does. Default false.
   */
  readonly nativeClients?: boolean | undefined;
}

/** The options, checked and ready for use. */
export interface CsrfPolicy {
  readonly trustedOrigins: Pick<ReadonlySet<string>, "has">;
  /** Empty when the `Host` header is asked. */
  readonly origins: ReadonlySet<string>;
  readonly tokens: "when-unsure" | "always" | "never";
  readonly tokenHeader: string;
  readonly tokenField: string;
  readonly exempt: (source: RequestSource) => boolean;
  readonly nativeClients: boolean;
}

const NAMES = [
  "trustedOrigins",
  "origin",
  "tokens",
  "tokenHeader",
  "tokenField",
  "exempt",
  "nativeClients",
] satisfies (keyof CsrfOptions)[];

/**
 * @throws SessionError `SOJOURN_INVALID_OPTION` for an origin that has more or less than scheme, host and port, or that
 *   no browser would spell like that, for a path that cannot be exact, and for names that headers and fields cannot
 *   have.
 */
export function resolveCsrf(options: CsrfOptions = {}): CsrfPolicy {
  checkNames("csrf.", options, NAMES);
  const { trustedOrigins = [], origin = [], tokens = "when-unsure", exempt = [] } = options;
  const { tokenHeader = "x-csrf-token", tokenField = "csrf", nativeClients = false } = options;
  if (typeof nativeClients !== "boolean") throw invalidOption("csrf.nativeClients", nativeClients, "true or false");
  if (tokens !== "when-unsure" && tokens !== "always" && tokens !== "never")
    throw invalidOption("csrf.tokens", tokens, '"when-unsure", "always" or "never"');
  if (typeof tokenHeader !== "string" || !/^[!#$%&'*+\-.^_`|~\w]+$/.test(tokenHeader))
    throw invalidOption("csrf.tokenHeader", tokenHeader, "the name of a header");
  if (typeof tokenField !== "string" || tokenField === "")
    throw invalidOption("csrf.tokenField", tokenField, "the name of a field");
  return {
    trustedOrigins:
      typeof trustedOrigins === "function" ? asked(trustedOrigins) : originSet("csrf.trustedOrigins", trustedOrigins),
    origins: originSet("csrf.origin", typeof origin === "string" ? [origin] : origin),
    tokens,
    tokenHeader: tokenHeader.toLowerCase(),
    tokenField,
    exempt: exemption(exempt),
    nativeClients,
  };
}

function originSet(option: string, origins: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(origins)) throw invalidOption(option, origins, "a list of origins");
  for (const origin of origins) if (!isOrigin(origin)) throw invalidOption(option, origin, ORIGIN);
  return new Set(origins);
}

/**
 * `=== true`, for an async function would trust everybody; and it is not asked for what is no origin, such as "null".
 */
function asked(trusts: (origin: string) => unknown): CsrfPolicy["trustedOrigins"] {
  return { has: (origin) => isOrigin(origin) && trusts(origin) === true };
}

const ORIGIN = 'an origin as browsers send it, such as "https://example.com" or "http://localhost:3000"';

/** As browsers serialise it: lower case, no default port, nothing behind. Compared character by character later. */
function isOrigin(origin: unknown): boolean {
  if (typeof origin !== "string" || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\,*]+$/.test(origin)) return false;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  // For schemes of native applications the platform knows no origin.
  return url.origin === "null" ? origin.toLowerCase() === origin : url.origin === origin;
}

function exemption(exempt: unknown): (source: RequestSource) => boolean {
  // `=== true`: an async function answers with a promise, and would exempt everything.
  if (typeof exempt === "function") return (source) => (exempt as (source: RequestSource) => unknown)(source) === true;
  if (!Array.isArray(exempt)) throw invalidOption("csrf.exempt", exempt, "a list of paths or a function");
  for (const path of exempt)
    if (typeof path !== "string" || !/^\/[^?#*%\\\s]*$/.test(path) || /\/\/|\/\.{1,2}(?:\/|$)/.test(path))
      throw invalidOption("csrf.exempt", path, 'exact paths such as "/webhooks/stripe", without query and patterns');
  const paths: ReadonlySet<string> = new Set(exempt);
  return (source) => paths.size > 0 && paths.has(pathOf(source.url));
}

/** The path as it was sent: a router may see the same path in another spelling, but never another path in this one. */
function pathOf(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "") || "/";
}
