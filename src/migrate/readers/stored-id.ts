/**
 * The readers of express-session and @fastify/session, whose cookie has a signed id, and whose data is in the old
 * store.
 */
import { checkKnown, invalidOption } from "../../errors.ts";
import { listOf, type OldSecrets, unsigned } from "../cryptography.ts";
import {
  type CookieOptions,
  cookiesOf,
  dateOf,
  type FoundSession,
  firstFound,
  objectOf,
  provenBy,
  type Reader,
  valuesOf,
} from "../reader.ts";

/** The part of a store for express-session that is used: the instance that the old application had. */
export interface OldStore {
  get(sid: string, callback: (error?: unknown, session?: unknown) => void): unknown;
  destroy?(sid: string, callback: (error?: unknown) => void): unknown;
}

/** How sessions are found whose cookie has a signed id and whose data is in a store. */
export interface StoredIdOptions extends CookieOptions {
  /** What signed the id: one secret, or all that are in use. */
  readonly secret: OldSecrets;
  /**
   * The store that the old application had, set up as it was: connect-redis, connect-pg-simple, connect-mongo, a
   * MemoryStore…
   */
  readonly store: OldStore;
}

/**
 * Sessions of express-session, whatever its store was: the row is read by the store itself. A session of Passport tells
 * whose it is.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a missing secret or store.
 * @example
 * ```ts
 * import session from "express-session";
 * import { fromExpressSession } from "sojourn/migrate";
 *
 * fromExpressSession({ secret: "kept elsewhere", store: new session.MemoryStore() }).name; // → "express-session"
 * ```
 */
export function fromExpressSession(options: StoredIdOptions): Reader {
  return storedId("express-session", options, "connect.sid", "s:");
}

/**
 * Sessions of @fastify/session, whose stores are those of express-session.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a missing secret or store.
 * @example
 * ```ts
 * import session from "express-session";
 * import { fromFastifySession } from "sojourn/migrate";
 *
 * const secret = "the secret of @fastify/session, kept elsewhere";
 * fromFastifySession({ secret, store: new session.MemoryStore() }).name; // → "@fastify/session"
 * ```
 */
export function fromFastifySession(options: StoredIdOptions): Reader {
  return storedId("@fastify/session", options, "sessionId", "");
}

function storedId(name: string, options: StoredIdOptions, cookie: string, prefix: string): Reader {
  checkKnown(options, { cookie: true, domain: true, path: true, secret: true, store: true });
  const { secret, store } = options;
  const secrets = listOf(secret ?? []);
  if (secrets.length === 0)
    throw invalidOption("secret", secret, "the secret of the old application, or a list of them");
  if (typeof store?.get !== "function") throw invalidOption("store", store, "the store of the old application");
  const cookies = cookiesOf(options, cookie);
  const idOf = async (value: string): Promise<string | undefined> =>
    value.startsWith(prefix) ? unsigned(value.slice(prefix.length), secrets) : undefined;
  const idsIn = async (source: Parameters<Reader["find"]>[0]): Promise<string[]> => {
    const ids = await Promise.all(valuesOf(source, options.cookie ?? cookie).map(idOf));
    return ids.filter((id) => id !== undefined);
  };
  return {
    name,
    cookies,
    find: async (source) => firstFound(await idsIn(source), async (sid) => provenBy(sid, await rowOf(store, sid))),
    end: async (source) => {
      for (const sid of await idsIn(source)) await destroyed(store, sid);
    },
  };
}

function rowOf(store: OldStore, sid: string): Promise<FoundSession | undefined> {
  return new Promise((resolve, reject) => {
    store.get(sid, (error, row) => {
      if (error && (error as { code?: unknown }).code !== "ENOENT") reject(error);
      else resolve(error ? undefined : sessionOf(row));
    });
  });
}

function destroyed(store: OldStore, sid: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!store.destroy) resolve();
    else store.destroy(sid, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * A row as any store of express-session gives it. Whether it is over was the store's to say, and the cookie's where it
 * says so.
 */
function sessionOf(row: unknown): FoundSession | undefined {
  const found = objectOf(row);
  if (!found) return undefined;
  const { cookie, ...data } = found;
  const user = objectOf(data.passport)?.user;
  return {
    data: objectOf(JSON.parse(JSON.stringify(data))) ?? {},
    userId: typeof user === "string" || typeof user === "number" ? String(user) : undefined,
    expiresAt: dateOf(objectOf(cookie)?.expires),
  };
}
