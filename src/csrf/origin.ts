/**
 * Tells requests that a page of this application sent from those that a page of another site sent. Pure.
 *
 * The order of steps is that of Go 1.25's CrossOriginProtection: what browsers say in `Sec-Fetch-Site`
 * first, and `Origin` where they do not. The content type and the body are never looked at.
 */
import type { RequestSource } from "../transport/transport.ts";
import type { CsrfPolicy } from "./policy.ts";

/** What is known about the session of the request. */
export interface CsrfFacts {
  /** Whether the request carries a value that may be a session's. */
  readonly sessionPresent: boolean;
  /**
   * Whether the browser added it by itself: `ambient` of the transport that authenticated this request. Not of one that
   * is merely there too: an `Authorization` header must not switch the check off for a cookie. Where none
   * authenticated, whether any transport of the application is ambient, so that a login is checked as well.
   */
  readonly ambient: boolean;
}

/** Why a request was let through, or not. */
export type CsrfReason =
  | "not-ambient"
  | "safe-method"
  | "exempt"
  | "trusted-origin"
  | "same-origin"
  | "same-host"
  | "no-browser"
  | "cross-site"
  | "foreign-origin"
  | "missing-origin"
  | "token-always"
  | "token-when-unsure";

export interface CsrfVerdict {
  /** `token-required`: allow when the request brings the session's token, deny otherwise. */
  readonly verdict: "allow" | "deny" | "token-required";
  readonly reason: CsrfReason;
}

/** RFC 9110, 9.2.1, without TRACE; methods are case-sensitive, and whatever is unknown is unsafe. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether an unsafe request may use the session it came with.
 *
 * 1. `GET`, `HEAD` and `OPTIONS` are allowed: they must not change anything.
 * 2. `Sec-Fetch-Site` is `same-origin` or `none`: allowed. Anything else in it: denied, unless exempt or trusted.
 * 3. Neither `Sec-Fetch-Site` nor `Origin`: no browser of today; allowed, or a token required when it carries a
 *    session.
 * 4. `Origin` is one of the configured ones or, where none is configured, has the host of the `Host` header: allowed.
 * 5. Anything else, `null` included: denied, unless exempt or trusted.
 *
 * With `tokens: "always"` what would be allowed by steps 2 to 5 needs a token, but for exempt requests. Responses that
 * depend on this are not for caches: they answer unsafe methods.
 */
export function checkOrigin(source: RequestSource, policy: CsrfPolicy, facts: CsrfFacts): CsrfVerdict {
  if (!facts.ambient) return allow("not-ambient");
  if (isUpgrade(source) || isPolling(source)) {
    const handshake = checkUpgrade(source, policy);
    return handshake.verdict === "deny" && policy.exempt(source) ? allow("exempt") : handshake;
  }
  if (SAFE.has(source.method)) return allow("safe-method");
  const found = compare(source, policy);
  const unsure = found.reason === "no-browser" && facts.sessionPresent;
  const needsToken = found.verdict === "allow" && policy.tokens !== "never" && (policy.tokens === "always" || unsure);
  if (found.verdict === "allow" && !needsToken) return found;
  if (policy.exempt(source)) return allow("exempt");
  if (!needsToken) return found;
  return { verdict: "token-required", reason: unsure ? "token-when-unsure" : "token-always" };
}

/** Steps 2 to 5, before exemptions and tokens. */
function compare(source: RequestSource, policy: CsrfPolicy): CsrfVerdict {
  // Lines of one name arrive joined with a comma: a second one makes the value unknown, and the request denied.
  const site = source.header("sec-fetch-site") ?? "";
  if (site === "same-origin" || site === "none") return allow("same-origin");
  const origin = source.header("origin") ?? "";
  if (origin !== "" && policy.trustedOrigins.has(origin)) return allow("trusted-origin");
  if (site !== "") return deny("cross-site");
  if (origin === "") return allow("no-browser");
  return isOwnOrigin(origin, source, policy) ? allow("same-host") : deny("foreign-origin");
}

/** Whether a request is let through whatever session it has: it must not change anything, and opens no socket. */
export function isHarmless(source: RequestSource): boolean {
  return SAFE.has(source.method) && !isUpgrade(source) && !isPolling(source);
}

/** Whether the request asks for a WebSocket (RFC 6455, 4.1; the tokens of `Upgrade` are a list). */
function isUpgrade(source: RequestSource): boolean {
  const upgrade = source.header("upgrade");
  return upgrade !== undefined && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(upgrade);
}

/**
 * Whether it is the polling of Engine.IO (below Socket.IO): a socket made of requests, which begins with a GET. By the
 * parameter as Engine.IO reads it, percent-encoded or not; it takes a request without `EIO`, too.
 */
function isPolling({ url }: RequestSource): boolean {
  const query = url.indexOf("?");
  if (query === -1 || !/%|transport=polling/.test(url)) return false;
  return new URLSearchParams(url.slice(query).replace(/#.*$/s, "")).getAll("transport").includes("polling");
}

/**
 * Whether a WebSocket handshake comes from a page of this application. Browsers send it as a GET, with the
 * cookies of the user even from a sibling subdomain under `SameSite=Strict`, and without `Sec-Fetch-Site`: the
 * `Origin` header is all there is, so it must be there and be exact (OWASP ASVS 4.4.2). Polling sends none from the
 * page's own origin, and has `Sec-Fetch-Site` in its place. Clients that are no browsers send neither: they are let in
 * with `nativeClients`.
 */
export function checkUpgrade(source: RequestSource, policy: CsrfPolicy): CsrfVerdict {
  const origin = source.header("origin") ?? "";
  if (origin === "") {
    const site = isUpgrade(source) ? undefined : source.header("sec-fetch-site");
    if (site === "same-origin" || site === "none") return allow("same-origin");
    if (site !== undefined && site !== "") return deny("cross-site");
    return policy.nativeClients ? allow("no-browser") : deny("missing-origin");
  }
  if (policy.trustedOrigins.has(origin)) return allow("trusted-origin");
  return isOwnOrigin(origin, source, policy) ? allow("same-host") : deny("foreign-origin");
}

/**
 * A configured list is the whole answer: the `Host` header would let http through for https. Without a list
 * the hosts are compared, port included, character by character; no user, no path, no other scheme.
 */
function isOwnOrigin(origin: string, source: RequestSource, policy: CsrfPolicy): boolean {
  if (policy.origins.size > 0) return policy.origins.has(origin);
  const host = /^https?:\/\/([^\s/?#@\\,]+)$/.exec(origin)?.[1];
  return host !== undefined && host === hostOf(source);
}

/** Requests made of a URL (Fetch) may have no `Host` header. */
export function hostOf(source: RequestSource): string | undefined {
  return source.header("host") || /^https?:\/\/([^/?#]+)/i.exec(source.url)?.[1];
}

const allow = (reason: CsrfReason): CsrfVerdict => ({ verdict: "allow", reason });
const deny = (reason: CsrfReason): CsrfVerdict => ({ verdict: "deny", reason });
