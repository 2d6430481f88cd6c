/**
 * Cookies as frameworks' own interfaces want them, from the header lines of a commit.
 */
import type { SameSite } from "./set-cookie.ts";
import type { HeaderOp } from "./transport.ts";

/** One cookie to set, in the names that the `cookie` package made customary. */
export interface StructuredCookie {
  readonly name: string;
  /**
   * As it goes over the wire: Sojourn's values need no encoding. Empty, with a `maxAge` of 0, for one that is taken
   * away.
   */
  readonly value: string;
  readonly attributes: StructuredAttributes;
}

/** What a cookie is set with; an attribute that is not sent is not there. */
export interface StructuredAttributes {
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: SameSite;
  readonly domain?: string;
  /** Seconds; without it the cookie ends with the browser. */
  readonly maxAge?: number;
  readonly partitioned?: boolean;
}

/**
 * The cookies among the headers of a commit: name, value and attributes, for frameworks whose cookies are set by an
 * interface of their own (Next, Astro, SvelteKit, Qwik). The other headers are `headersOf`.
 *
 * @example
 * ```ts
 * import { cookiesOf } from "sojourn/adapter";
 *
 * session.data.theme = "dark";
 * await session.rotate();
 * const [cookie] = cookiesOf(await sessions.commit(session));
 * cookie?.attributes.sameSite; // → "lax"
 * ```
 */
export function cookiesOf(operations: readonly HeaderOp[]): readonly StructuredCookie[] {
  return operations.filter(isCookie).map(({ value }) => structured(value));
}

/**
 * The headers of a commit that are no cookies: `Cache-Control`, `Vary` and what other transports send.
 *
 * @example
 * ```ts
 * import { headersOf } from "sojourn/adapter";
 *
 * session.data.theme = "dark";
 * headersOf(await sessions.commit(session)).map(({ name }) => name); // → ["cache-control", "vary"]
 * ```
 */
export function headersOf(operations: readonly HeaderOp[]): readonly HeaderOp[] {
  return operations.filter((operation) => !isCookie(operation));
}

const isCookie = ({ name }: HeaderOp): boolean => name === "set-cookie";

/** Lines of our own writer (set-cookie.ts), so this need not read anybody else's. */
function structured(line: string): StructuredCookie {
  const [pair = "", ...rest] = line.split("; ");
  const at = pair.indexOf("=");
  const given = new Map(rest.map((each) => /^([^=]*)=?(.*)$/.exec(each)?.slice(1, 3) as [string, string]));
  const maxAge = given.get("Max-Age");
  const domain = given.get("Domain");
  const attributes: StructuredAttributes = {
    path: given.get("Path") ?? "/",
    httpOnly: given.has("HttpOnly"),
    secure: given.has("Secure"),
    sameSite: (given.get("SameSite") ?? "Lax").toLowerCase() as SameSite,
    ...(domain === undefined ? {} : { domain }),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
    ...(given.has("Partitioned") ? { partitioned: true } : {}),
  };
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes };
}
