/**
 * The cookie transport, for browsers.
 */
import { type CookieTransportOptions, carryInCookie } from "./carry-in-cookie.ts";
import type { Transport } from "./transport.ts";

export type { CookieTransportOptions };

/**
 * Carries the session in a cookie: `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/` and a `__Host-` name by default.
 *
 * Reading hands on every cookie of the name, for somebody else may have set one in front of ours; who can verify them
 * decides. Writing and clearing use the same attributes, and touch each name once. Chunks that an earlier,
 * longer value left are cleared along with it when the request carries them.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a combination that browsers refuse; from `check` and
 * `write`, `SOJOURN_COOKIE_TOO_LARGE` for a value that browsers would drop and `SOJOURN_INVALID_COOKIE` for one that no
 * header may hold.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ store, secrets, transports: [cookieTransport({ sameSite: "strict" })] });
 * ```
 */
export function cookieTransport(options: CookieTransportOptions = {}): Transport {
  return carryInCookie(options);
}
