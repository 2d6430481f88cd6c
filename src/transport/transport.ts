/**
 * The first and the last stage of a request: where a session's value comes from, and how it goes back.
 */

import type { Mac } from "../crypto/platform.ts";

/** What Sojourn needs to see of a request. Adapters make one; a Fetch `Request` is turned into one. */
export interface RequestSource {
  readonly method: string;
  /** Path and query ("/a?b=c"), or an absolute URL. */
  readonly url: string;
  /**
   * The header's value, undefined when absent. Names are given in lower case. Several lines of one name joined as HTTP
   * says ("; " for cookie, ", " else).
   */
  header(name: string): string | undefined;
  /** The client's address, as far as the adapter can vouch for it. */
  readonly address?: string | undefined;
  /** Calls back when the response is over, where the adapter can tell: `session.signal` is let go of then. */
  onceOver?(callback: () => void): void;
}

/**
 * Headers for the response. `append` adds a line, `set` replaces, `merge` adds the words that a list (Vary) lacks,
 * `default` sets where absent.
 */
export interface HeaderOp {
  readonly op: "append" | "set" | "merge" | "default";
  readonly name: string;
  readonly value: string;
}

/** How long the client may keep what it is given. */
export interface Lease {
  /** Seconds until the absolute deadline, rounded down; undefined for a cookie that dies with the browser. */
  readonly maxAge: number | undefined;
}

/** A way for a session's value to travel. Never throws on what a client sent. */
export interface Transport {
  /** For people: "cookie", "header", "url", or whatever yours is. Nothing is decided by it. */
  readonly name: string;
  /**
   * What values are bound to, so that they count nowhere else: the cookie's name, or the header's. Default: the
   * transport's. Of a list of transports it is that of the first ambient one, else of the first.
   */
  readonly place?: string | undefined;
  /** Whether a browser adds it to requests by itself, so that CSRF is a danger. */
  readonly ambient: boolean;
  /**
   * False when no response can hand the client a new value: the client keeps what it has, so the session is not rotated
   * by age while it comes this way. Default true.
   */
  readonly handsOut?: boolean | undefined;
  /** The request header that `read` looks at, for `Vary`; none for a URL. */
  readonly vary?: string | undefined;
  /** Every value that may be the session's, in the order found; empty when there is none. Bounded. */
  read(source: RequestSource): readonly string[];
  /** Headers that hand a new value to the client. `source` tells which chunks an old value left. */
  write(value: string, lease: Lease, source: RequestSource): readonly HeaderOp[];
  /** Headers that take the value away. */
  clear(source: RequestSource): readonly HeaderOp[];
  /** Headers for every response to a request whose session came this way, whether or not it is written. */
  onUse?(source: RequestSource): readonly HeaderOp[];
  /**
   * Whether the request bears a mark of this transport, valid or not, so that `onUse` is for its response too. Default:
   * when its value proves a session.
   */
  bears?(source: RequestSource): boolean;
  /** Throws SOJOURN_COOKIE_TOO_LARGE when the client would not keep a value of this length. */
  check?(value: string): void;
}

/**
 * A transport whose values count only in links that the application signed: it has both methods, and `sessions.link`
 * makes links of them.
 */
export interface LinkTransport extends Transport {
  /** The value in this request's link, when this application signed it and it has not expired; else null. */
  verify(source: RequestSource, now: number, mac: Mac): Promise<string | null>;
  /** A link that carries the value until then (milliseconds since the epoch). */
  sign(href: string, value: string, expiresAt: number, mac: Mac): Promise<string>;
}

export function signsLinks(transport: Transport): transport is LinkTransport {
  const { verify, sign } = transport as Partial<LinkTransport>;
  return typeof verify === "function" && typeof sign === "function";
}
