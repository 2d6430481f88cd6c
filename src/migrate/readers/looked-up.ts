/**
 * The readers of better-auth, Lucia and Auth.js with a database, whose cookie says which row of a table to look up.
 */
import { checkKnown, invalidOption } from "../../errors.ts";
import { base64, hasTag, listOf, type OldSecrets, splitSigned, utf8 } from "../cryptography.ts";
import {
  type CookieOptions,
  cookiesOf,
  dateOf,
  type FoundSession,
  firstFound,
  provenBy,
  type Reader,
  valuesOf,
} from "../reader.ts";

/** A row of the old table, as far as it is needed. */
export interface OldRow {
  readonly userId: string | number;
  /** When it ends: a date, its text, or milliseconds. */
  readonly expiresAt: Date | string | number;
  /** What else of the row goes along. Default: nothing. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

/** How sessions are found whose cookie has what a table is asked for. */
export interface LookedUpOptions extends CookieOptions {
  /** The row of a token, or null. What it throws is an outage, and logs nobody out. */
  readonly find: (token: string) => Promise<OldRow | null | undefined> | OldRow | null | undefined;
  /** Deletes the row of a token, when the client logs out. Default: it stays. */
  readonly end?: ((token: string) => unknown) | undefined;
}

/**
 * Sessions of better-auth 1: a signed token, and its row in the table `session`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a secret or without `find`.
 * @example
 * ```ts
 * import { fromBetterAuth } from "sojourn/migrate";
 *
 * const find = async (token: string) => ({ userId: "ann", expiresAt: new Date("2031-01-01") });
 * fromBetterAuth({ secret: "the BETTER_AUTH_SECRET", find }).name; // → "better-auth"
 * ```
 */
export function fromBetterAuth(options: LookedUpOptions & { readonly secret: OldSecrets }): Reader {
  checkKnown(options, { cookie: true, domain: true, end: true, find: true, path: true, secret: true });
  const secrets = listOf(options.secret ?? []);
  if (secrets.length === 0)
    throw invalidOption("secret", options.secret, "the BETTER_AUTH_SECRET of the old application");
  return lookedUp("better-auth", options, "better-auth.session_token", async (value) => {
    const [token = "", signature = ""] = splitSigned(value) ?? [];
    for (const secret of secrets) {
      if (await hasTag("SHA-256", utf8(secret), utf8(token), base64(signature))) return token;
    }
    return undefined;
  });
}

/**
 * Sessions of Auth.js that are in a table (`strategy: "database"`): the cookie is the `sessionToken`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without `find`.
 * @example
 * ```ts
 * import { fromAuthJsDatabase } from "sojourn/migrate";
 *
 * fromAuthJsDatabase({ find: async () => null }).name; // → "Auth.js, database"
 * ```
 */
export function fromAuthJsDatabase(options: LookedUpOptions): Reader {
  checkKnown(options, KNOWN);
  return lookedUp("Auth.js, database", options, "authjs.session-token", async (value) => value);
}

/**
 * Sessions of Lucia 3: the cookie is the id of the row.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without `find`.
 * @example
 * ```ts
 * import { fromLucia } from "sojourn/migrate";
 *
 * fromLucia({ find: async () => null }).name; // → "Lucia"
 * ```
 */
export function fromLucia(options: LookedUpOptions): Reader {
  checkKnown(options, KNOWN);
  return lookedUp("Lucia", options, "auth_session", async (value) => value);
}

const KNOWN: Readonly<Record<keyof LookedUpOptions, true>> = {
  cookie: true,
  domain: true,
  end: true,
  find: true,
  path: true,
};

/** Longer than any token of theirs: nobody's table is asked for it. */
const LONGEST = 255;

function lookedUp(
  name: string,
  options: LookedUpOptions,
  own: string,
  tokenOf: (value: string) => Promise<string | undefined>,
): Reader {
  const { find, end } = options;
  if (typeof find !== "function")
    throw invalidOption("find", find, "a function that gives the row of a token, or null");
  const tokensIn = async (source: Parameters<Reader["find"]>[0]): Promise<string[]> => {
    const tokens = await Promise.all(valuesOf(source, options.cookie ?? own).map(tokenOf));
    return tokens.filter((token) => token !== undefined && token !== "" && token.length <= LONGEST) as string[];
  };
  return {
    name,
    cookies: cookiesOf(options, own),
    find: async (source) =>
      firstFound(await tokensIn(source), async (token) => provenBy(token, sessionOf(await find(token)))),
    end: async (source) => {
      for (const token of await tokensIn(source)) await end?.(token);
    },
  };
}

function sessionOf(row: OldRow | null | undefined): FoundSession | undefined {
  const expiresAt = row ? dateOf(row.expiresAt) : undefined;
  if (!row || !expiresAt) return undefined;
  return { data: row.data ?? {}, userId: String(row.userId), expiresAt };
}
