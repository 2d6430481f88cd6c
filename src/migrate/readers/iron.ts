/**
 * The readers of iron-session and of h3, whose data is in the cookie under iron's seal.
 */
import { checkKnown } from "../../errors.ts";
import type { RequestSource } from "../../index.ts";
import {
  type CookieOptions,
  cookiesOf,
  dateOf,
  type FoundSession,
  firstFound,
  jsonOf,
  objectOf,
  provenBy,
  type Reader,
  valuesOf,
} from "../reader.ts";
import { joined, pieces, piecesIn } from "./chunks.ts";
import { checkedPasswords, type IronPassword, unseal } from "./iron-seal.ts";

export type { IronPassword };

/** How sessions are found that are sealed as iron does it ("Fe26.2"). */
export interface IronOptions extends CookieOptions {
  /** The password of the old application; several as an object, by their ids. */
  readonly password: IronPassword;
}

/** How sessions of h3 are found. */
export interface H3Options extends IronOptions {
  /**
   * Its `maxAge`, in seconds (604,800 s is a week): it counts from the session's beginning, while the seal counts from
   * its last change. Default: the seal says when it ends.
   */
  readonly maxAge?: number | undefined;
}

/** Pieces that iron-session 9 makes of a cookie at most. */
const PIECES = 4;
/** h3 would make a hundred; browsers keep no more than this of them. */
const H3_PIECES = 20;

/**
 * Sessions of iron-session 8 and 9, in one cookie or in several (`chunk`). `cookie` is its `cookieName`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a password of 32 characters or more.
 * @example
 * ```ts
 * import { fromIronSession } from "sojourn/migrate";
 *
 * const password = "the password of iron-session, kept elsewhere";
 * fromIronSession({ password, cookie: "app" }).name; // → "iron-session"
 * ```
 */
export function fromIronSession(options: IronOptions & { readonly cookie: string }): Reader {
  checkKnown(options, { cookie: true, domain: true, password: true, path: true });
  const passwords = checkedPasswords("password", options.password);
  const { cookie } = options;
  return {
    name: "iron-session",
    cookies: cookiesOf(options, cookie, ["", ...pieces(0, PIECES)]),
    find: (source) =>
      firstFound([...valuesOf(source, cookie), ...joined(source, cookie, 0, PIECES)], async (value) => {
        // The version of its own format, which no tag covers.
        const unsealed = value.endsWith("~2") ? await unseal(value.slice(0, -2), passwords, 1) : undefined;
        const data = jsonOf(unsealed?.text);
        return unsealed && data && provenBy(unsealed.message, { data, expiresAt: unsealed.expiresAt });
      }),
  };
}

/**
 * Sessions of h3 1 and 2 (`useSession`) and of nuxt-auth-utils on it, whose cookie is "nuxt-session".
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a password of 32 characters or more.
 * @example
 * ```ts
 * import { fromH3 } from "sojourn/migrate";
 *
 * const password = "the NUXT_SESSION_PASSWORD, kept elsewhere";
 * fromH3({ password, cookie: "nuxt-session" }).name; // → "h3"
 * ```
 */
export function fromH3(options: H3Options): Reader {
  checkKnown(options, { cookie: true, domain: true, maxAge: true, password: true, path: true });
  const passwords = checkedPasswords("password", options.password);
  const cookie = options.cookie ?? "h3";
  return {
    name: "h3",
    cookies: cookiesOf(options, cookie, ["", ...pieces(1, H3_PIECES)]),
    find: (source) =>
      firstFound(h3Values(source, cookie), async (value) => {
        // The first is cheap, and whoever sends it knows which one it is.
        const unsealed = (await unseal(value, passwords, 1)) ?? (await unseal(value, passwords, 8192));
        const session = unsealed && h3Session(jsonOf(unsealed.text), unsealed.expiresAt, options.maxAge);
        return unsealed && provenBy(unsealed.message, session);
      }),
  };
}

/** The cookie itself says of how many pieces the value is. */
function h3Values(source: RequestSource, name: string): string[] {
  return valuesOf(source, name).flatMap((value) => {
    const [, count] = /^__chunked__(\d{1,3})$/.exec(value) ?? [];
    if (count === undefined) return [value];
    const found = piecesIn(source, name, 1, Math.min(Number(count), H3_PIECES));
    return found.length === Number(count) ? [found.join("")] : [];
  });
}

function h3Session(
  content: Record<string, unknown> | undefined,
  sealed: Date | undefined,
  maxAge: number | undefined,
): FoundSession | undefined {
  const data = objectOf(content?.data);
  if (!data) return undefined;
  const begun = maxAge === undefined ? undefined : dateOf(content?.createdAt);
  const ends = [sealed, begun && new Date(begun.getTime() + (maxAge as number) * 1000)].filter((each) => each);
  return { data, expiresAt: dateOf(Math.min(...ends.map((each) => (each as Date).getTime()))) };
}
