/**
 * The cookie transport, for browsers.
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
   * The most cookies that a value may be spread over, 1 to 8. Default 1, and 4 in the option `cookie` of sessions with
   * their data in the cookie. A token fits into one. Sealed sessions need more when they hold more than about 2.8 KB of
   * data. Each adds up to 3.8 KB to every request; nginx refuses more than 8 KB of cookies by default, and Node more
   * than 16 KiB of headers.
   */
  readonly chunks?: number | undefined;
};

const NONE: readonly string[] = Object.freeze([]);

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
  const { name, persistent, attributes } = resolveCookie(options);
  const chunks = options.chunks ?? 1;
  if (!Number.isInteger(chunks) || chunks < 1 || chunks > MAX_CHUNKS)
    throw invalidOption("cookie.chunks", chunks, `a whole number from 1 to ${MAX_CHUNKS}`);
  const size = chunkSize(name);
  const limit = chunks === 1 ? MAX_COOKIE_BYTES - name.length : chunkCapacity(size, chunks);
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
