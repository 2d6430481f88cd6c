import { invalidOption } from "../../errors.ts";
import { base64, hasTag, listOf, type OldSecrets, textOf, utf8 } from "../cryptography.ts";
import {
  type CookieOptions,
  cookiesOf,
  dateOf,
  type FoundSession,
  firstFound,
  jsonOf,
  provenBy,
  type Reader,
  valuesOf,
} from "../reader.ts";

/** How sessions are found that are in a cookie beside which another one has the signature. */
export interface SignedCookieOptions extends CookieOptions {
  /** What signed it: `keys`, the present one first. */
  readonly keys: OldSecrets;
}

/**
 * Sessions of cookie-session: JSON in a cookie, a signature in `<name>.sig`. The cookie does not say when it ends.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without keys.
 * @example
 * ```ts
 * import { fromCookieSession } from "sojourn/migrate";
 *
 * fromCookieSession({ keys: ["kept elsewhere"] }).name; // → "cookie-session"
 * ```
 */
export function fromCookieSession(options: SignedCookieOptions): Reader {
  return signedCookie("cookie-session", options, "session", (data) => ({ data }));
}

/**
 * Sessions of koa-session that are in the cookie, with the signature of Koa's `app.keys`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without keys.
 * @example
 * ```ts
 * import { fromKoaSession } from "sojourn/migrate";
 *
 * fromKoaSession({ keys: ["kept elsewhere"] }).name; // → "koa-session"
 * ```
 */
export function fromKoaSession(options: SignedCookieOptions): Reader {
  return signedCookie("koa-session", options, "koa.sess", ({ _expire, _maxAge, _session, ...data }) => ({
    data,
    expiresAt: dateOf(_expire),
  }));
}

function signedCookie(
  library: string,
  options: SignedCookieOptions,
  own: string,
  read: (content: Record<string, unknown>) => FoundSession,
): Reader {
  const keys = listOf(options.keys ?? []);
  if (keys.length === 0) throw invalidOption("keys", options.keys, "the keys of the old application");
  const name = options.cookie ?? own;
  return {
    name: library,
    cookies: cookiesOf(options, own, ["", ".sig"]),
    async find(source) {
      const tags = valuesOf(source, `${name}.sig`);
      return firstFound(valuesOf(source, name), async (value) => {
        if (!(await isSigned(keys, `${name}=${value}`, tags))) return undefined;
        const bytes = base64(value);
        const content = bytes && jsonOf(textOf(bytes));
        return content && provenBy(value, read(content));
      });
    },
  };
}

/** Keygrip: HMAC-SHA-1 over name and value. */
async function isSigned(keys: readonly string[], message: string, tags: readonly string[]): Promise<boolean> {
  for (const tag of tags) {
    for (const key of keys) if (await hasTag("SHA-1", utf8(key), utf8(message), base64(tag))) return true;
  }
  return false;
}
