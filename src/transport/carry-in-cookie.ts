/**
 * A value in one cookie or several: how it is read, written and cleared.
 */
import { invalidOption, SessionError } from "../errors.ts";
import { chunkCapacity, chunkName, chunkSize, joinChunks, MAX_CHUNKS, splitChunks } from "./chunks.ts";
import { readCookie } from "./cookie-header.ts";
import { type CookieOptions, resolveCookie } from "./cookie-options.ts";
import { cookieTooLarge, MAX_COOKIE_AGE, MAX_COOKIE_BYTES, setCookieWriter } from "./set-cookie.ts";
import type { HeaderOp, Lease, RequestSource, Transport } from "./transport.ts";

/** How the cookie is named and scoped, and over how many of them a value may be spread. */
export type CookieTransportOptions = CookieOptions & {
  /**
   * The most cookies that a value may be spread over, 1 to 8. Default 1; a token fits into one. Where the data is in
   * the cookie, the default is one of at most 3,500 bytes with its name, about 2.4 KB of data: the answer's head then
   * passes the 4 KB that nginx and other proxies take by default. Each cookie more adds up to 3.8 KB to every request
   * and to answers that change the session: raise `proxy_buffer_size` and `large_client_header_buffers` along with it.
   * Node refuses a request with more than 16 KiB of headers.
   */
  readonly chunks?: number | undefined;
};

const NONE: readonly string[] = Object.freeze([]);

/** Octets of name and value of a cookie with data, so that the head of an answer stays below 4 KB. */
const DATA_BYTES = 3_500;

/** What earlier releases spread data over by default: read on, so that nobody loses a session by a release. */
const DATA_CHUNKS = 4;

/** The cookie of sessions whose data is in it. */
export function carryDataInCookie(options: CookieTransportOptions = {}): Transport {
  if (options.chunks !== undefined) return carryInCookie(options);
  return carryInCookie({ ...options, chunks: DATA_CHUNKS }, DATA_BYTES);
}

/** @param most Octets of name and value. */
export function carryInCookie(options: CookieTransportOptions, most?: number): Transport {
  const { name, persistent, attributes } = resolveCookie(options);
  const chunks = options.chunks ?? 1;
  if (!Number.isInteger(chunks) || chunks < 1 || chunks > MAX_CHUNKS)
    throw invalidOption("cookie.chunks", chunks, `a whole number from 1 to ${MAX_CHUNKS}`);
  const size = chunkSize(name);
  const limit =
    most === undefined && chunks > 1 ? chunkCapacity(size, chunks) : (most ?? MAX_COOKIE_BYTES) - name.length;
  const setCookie = setCookieWriter(attributes);
  const line = (index: number, value: string, maxAge: number | undefined): HeaderOp => ({
    op: "append",
    name: "set-cookie",
    value: setCookie(chunkName(name, index), value, maxAge),
  });

  /** Takes away the chunks that the request carries, from this index to the last one there can be. */
  const clearFrom = (first: number, source: RequestSource): HeaderOp[] => {
    const header = source.header("cookie");
    const lines: HeaderOp[] = [];
    if (!header?.includes(`${name}.`)) return lines;
    for (let index = first; index < MAX_CHUNKS; index++)
      if (readCookie(header, chunkName(name, index)).length > 0) lines.push(line(index, "", 0));
    return lines;
  };

  const check = (value: string): void => {
    if (value.length > limit) throw cookieTooLarge(value.length, limit);
  };

  return {
    name: "cookie",
    place: name,
    ambient: true,
    vary: "Cookie",
    check,

    read(source) {
      const header = source.header("cookie");
      if (header === undefined) return NONE;
      const values =
        chunks === 1
          ? readCookie(header, name)
          : joinChunks((index) => readCookie(header, chunkName(name, index)), size, chunks);
      return values.length < 2 ? values : [...new Set(values)];
    },

    write(value, lease, source) {
      if (value === "")
        throw new SessionError("SOJOURN_INVALID_COOKIE", "Session cookie: expected a value, found none.");
      check(value);
      const maxAge = persistent ? cookieAge(lease) : undefined;
      const pieces = chunks === 1 ? [value] : splitChunks(value, size);
      return [...pieces.map((piece, index) => line(index, piece, maxAge)), ...clearFrom(pieces.length, source)];
    },

    clear: (source) => [line(0, "", 0), ...clearFrom(1, source)],
  };
}

/** Whole seconds, cut to what browsers keep. */
function cookieAge({ maxAge }: Lease): number | undefined {
  return maxAge === undefined ? undefined : Math.max(0, Math.min(Math.floor(maxAge), MAX_COOKIE_AGE));
}
