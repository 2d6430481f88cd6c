/**
 * The URL transport, for clients that keep no cookies and set no headers.
 */
import { checkNames, invalidOption, SessionError } from "../errors.ts";
import { tooLarge } from "./set-cookie.ts";
import { DEFAULT_PARAM, parseLink, signLink, verifyLink } from "./signed-link.ts";
import type { HeaderOp, LinkTransport } from "./transport.ts";

/** How the links are spelt. */
export interface UrlTransportOptions {
  /** The query parameter that holds the token: letters, digits, `-` and `_`, at most 32; default "sid". */
  readonly param?: string | undefined;
}

/** Characters of a token in a URL. A sealed session is too long for one. */
const MAX_VALUE = 1_024;

const NONE: readonly string[] = Object.freeze([]);
/** The address of the page must not reach another site, nor another page of this one, in a `Referer`. */
const NO_REFERRER: readonly HeaderOp[] = Object.freeze([
  Object.freeze({ op: "set", name: "referrer-policy", value: "no-referrer" } as const),
]);

/**
 * Carries the session in the query of links that this application signed: a download that another program fetches, an
 * image in a document, a device without a cookie jar.
 *
 * Do not use it where a cookie or a header will do. An address ends up in histories, bookmarks, logs of every
 * server and proxy on the way, screenshots and chats, and whoever opens it in time has the session (OWASP ASVS 14.2.1
 * forbids it for sensitive data). What is done against that: a token counts only in a link that was signed for this one
 * address and has not expired; responses are sent with `Referrer-Policy: no-referrer` and `Cache-Control: no-store`; a
 * session that came this way is never written into a cookie; nothing but `sign` puts a token into an address, so a
 * rotation reaches the client with the next link.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a parameter that is taken or needs encoding.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ store, secrets, transports: [cookieTransport(), urlTransport()] });
 * ```
 */
export function urlTransport(options: UrlTransportOptions = {}): LinkTransport {
  checkNames("url.", options, ["param"] satisfies (keyof UrlTransportOptions)[]);
  const { param = DEFAULT_PARAM } = options;
  if (typeof param !== "string" || !/^[\w-]{1,32}$/.test(param) || param === "exp" || param === "sig")
    throw invalidOption("url.param", param, 'letters, digits, - and _, at most 32, and not "exp" or "sig"');

  const check = (value: string): void => {
    if (value.length > MAX_VALUE) throw tooLarge("link", value.length, MAX_VALUE);
  };

  return {
    name: "url",
    ambient: false,
    handsOut: false,
    check,

    read(source) {
      const token = parseLink(source.url, param)?.token;
      return token !== undefined && token.length <= MAX_VALUE ? [token] : NONE;
    },

    write(value) {
      check(value);
      if (value === "") throw new SessionError("SOJOURN_INVALID_COOKIE", "Session link: expected a value, found none.");
      return NO_REFERRER;
    },

    clear: () => NO_REFERRER,
    onUse: () => NO_REFERRER,
    bears: ({ url }) => url.includes(`?${param}=`) || url.includes(`&${param}=`),

    verify: (source, now, mac) => verifyLink(source.url, now, mac, param),
    async sign(href, token, expiresAt, mac) {
      check(token);
      return signLink(href, token, expiresAt, mac, param);
    },
  };
}
