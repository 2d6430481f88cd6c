/**
 * The reader of hono-sessions, whose data is sealed in the cookie, or in a store under the id that the cookie has.
 */
import { checkKnown, invalidOption } from "../../errors.ts";
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
import { checkedPasswords, type Passwords, unseal } from "./iron-seal.ts";

/** The part of a store of hono-sessions that is used. */
export interface HonoStore {
  getSessionById(id: string): unknown;
  deleteSession(id: string): unknown;
}

/** How sessions of hono-sessions are found: by its `encryptionKey`, its `store`, or both. */
export interface HonoSessionsOptions extends CookieOptions {
  /** Its `encryptionKey`. Default: none, the cookie is the bare id. */
  readonly encryptionKey?: string | undefined;
  /** The store that the old application had. Default: its CookieStore, whose sessions are in the cookie. */
  readonly store?: HonoStore | undefined;
}

/**
 * Sessions of hono-sessions, in the cookie or in a store.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a key of fewer than 32 characters, and with neither key nor
 *   store.
 * @example
 * ```ts
 * import { fromHonoSessions } from "sojourn/migrate";
 *
 * fromHonoSessions({ encryptionKey: "the encryptionKey of hono-sessions, elsewhere" }).name; // → "hono-sessions"
 * ```
 */
export function fromHonoSessions(options: HonoSessionsOptions): Reader {
  checkKnown(options, { cookie: true, domain: true, encryptionKey: true, path: true, store: true });
  const { encryptionKey, store } = options;
  if (store !== undefined && typeof store?.getSessionById !== "function")
    throw invalidOption("store", store, "the store of the old application");
  const passwords = store && encryptionKey === undefined ? undefined : checkedKey(encryptionKey);
  const cookie = options.cookie ?? "session";
  const cookies = cookiesOf(options, "session");
  if (!store) {
    return {
      name: "hono-sessions",
      cookies,
      find: (source) =>
        firstFound(valuesOf(source, cookie), async (value) => {
          const unsealed = passwords && (await unseal(value, passwords, 1));
          return unsealed && provenBy(unsealed.message, sessionOf(jsonOf(stringIn(unsealed.text))));
        }),
    };
  }
  const idsIn = (source: RequestSource): Promise<string[]> => idsOf(valuesOf(source, cookie), passwords);
  return {
    name: "hono-sessions",
    cookies,
    find: async (source) =>
      firstFound(await idsIn(source), async (id) => provenBy(id, sessionOf(objectOf(await store.getSessionById(id))))),
    end: async (source) => {
      for (const id of await idsIn(source)) await store.deleteSession(id);
    },
  };
}

function checkedKey(key: string | undefined): Passwords {
  return checkedPasswords("encryptionKey", key as string);
}

/** Ids are UUIDs: nobody's store is asked for anything else. */
async function idsOf(values: readonly string[], passwords: Passwords | undefined): Promise<string[]> {
  const ids: string[] = [];
  for (const value of values) {
    const id = passwords ? stringIn((await unseal(value, passwords, 1))?.text) : value;
    if (id !== undefined && /^[\da-f-]{36}$/.test(id)) ids.push(id);
  }
  return ids;
}

function stringIn(json: string | undefined): string | undefined {
  const value = json === undefined ? undefined : jsonOf(`{"value":${json}}`)?.value;
  return typeof value === "string" ? value : undefined;
}

/** Each value is wrapped, with a mark on those that were to be seen once. */
function sessionOf(row: Record<string, unknown> | undefined): FoundSession | undefined {
  const wrapped = objectOf(row?._data);
  if (!row || !wrapped || row._delete === true) return undefined;
  const data = Object.entries(wrapped).map(([name, entry]) => [name, objectOf(entry)?.value]);
  return { data: Object.fromEntries(data), expiresAt: dateOf(row._expire) };
}
