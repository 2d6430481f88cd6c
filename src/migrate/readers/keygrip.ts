/**
 * The readers of cookie-session and koa-session, whose cookies Keygrip signed: the signature is in a second one,
 * `<name>.sig`.
 */
import { checkKnown, invalidOption } from "../../errors.ts";
import type { RequestSource } from "../../index.ts";
import { base64, hasTag, listOf, type OldSecrets, textOf, utf8 } from "../cryptography.ts";
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
  checkKnown(options, { cookie: true, domain: true, keys: true, path: true });
  return signedCookie("cookie-session", options, "session", (data) => ({ data }));
}

/** The part of a store of koa-session that is used. */
export interface KoaStore {
  get(key: string, maxAge: unknown, data: object): unknown;
  destroy(key: string, data: object): unknown;
}

/** How sessions of koa-session are found. */
export interface KoaSessionOptions extends SignedCookieOptions {
  /** Its `store`, set up as it was. Default: none, sessions are in the cookie. */
  readonly store?: KoaStore | undefined;
}

/**
 * Sessions of koa-session, in the cookie or in its store, with the signature of Koa's `app.keys`.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without keys, and for a store that is none.
 * @example
 * ```ts
 * import { fromKoaSession } from "sojourn/migrate";
 *
 * fromKoaSession({ keys: ["kept elsewhere"] }).name; // → "koa-session"
 * ```
 */
export function fromKoaSession(options: KoaSessionOptions): Reader {
  checkKnown(options, { cookie: true, domain: true, keys: true, path: true, store: true });
  const { store } = options;
  if (store === undefined) return signedCookie("koa-session", options, "koa.sess", koaSession);
  if (typeof store?.get !== "function") throw invalidOption("store", store, "the store of the old application");
  const own = "koa.sess";
  const signed = signedValues(options, own);
  return {
    name: "koa-session",
    cookies: cookiesOf(options, own, ["", ".sig"]),
    find: async (source) =>
      firstFound(await signed(source), async (key) => {
        const row = objectOf(await store.get(key, undefined, {}));
        return provenBy(key, row && koaSession(row));
      }),
    end: async (source) => {
      for (const key of await signed(source)) await store.destroy(key, {});
    },
  };
}

function koaSession({ _expire, _maxAge, _session, ...data }: Record<string, unknown>): FoundSession {
  return { data, expiresAt: dateOf(_expire) };
}

function signedCookie(
  library: string,
  options: SignedCookieOptions,
  own: string,
  read: (content: Record<string, unknown>) => FoundSession,
): Reader {
  const signed = signedValues(options, own);
  return {
    name: library,
    cookies: cookiesOf(options, own, ["", ".sig"]),
    find: async (source) =>
      firstFound(await signed(source), async (value) => {
        const bytes = base64(value);
        const content = bytes && jsonOf(textOf(bytes));
        return content && provenBy(value, read(content));
      }),
  };
}

/** The values of the cookie beside which there is a signature of them. */
function signedValues(options: SignedCookieOptions, own: string): (source: RequestSource) => Promise<string[]> {
  const keys = listOf(options.keys ?? []);
  if (keys.length === 0) throw invalidOption("keys", options.keys, "the keys of the old application");
  const name = options.cookie ?? own;
  return async (source) => {
    const tags = valuesOf(source, `${name}.sig`);
    const values = valuesOf(source, name);
    const holds = await Promise.all(values.map((value) => isSigned(keys, `${name}=${value}`, tags)));
    return values.filter((_, at) => holds[at]);
  };
}

/** Keygrip: HMAC-SHA-1 over name and value. */
async function isSigned(keys: readonly string[], message: string, tags: readonly string[]): Promise<boolean> {
  for (const tag of tags) {
    for (const key of keys) if (await hasTag("SHA-1", utf8(key), utf8(message), base64(tag))) return true;
  }
  return false;
}
