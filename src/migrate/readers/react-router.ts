/**
 * The readers of React Router and Remix, whose signed cookie has the data, or the id under which it is stored.
 */
import { checkKnown, invalidOption } from "../../errors.ts";
import type { RequestSource } from "../../index.ts";
import { base64, listOf, type OldSecrets, textOf, unsigned } from "../cryptography.ts";
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

/** How sessions of React Router and Remix are found that are in the cookie (`createCookieSessionStorage`). */
export interface ReactRouterOptions extends CookieOptions {
  /** The `secrets` of the cookie, the present one first. Cookies without a signature are not read. */
  readonly secrets: OldSecrets;
}

/** A session as the files of `createFileSessionStorage` have it. */
export interface ReactRouterRow {
  readonly data: object;
  readonly expires?: Date | string | null | undefined;
}

/** How sessions are found whose id is in the cookie. */
export interface ReactRouterStoredOptions extends ReactRouterOptions {
  /**
   * What is stored under an id, or null: the old application's `readData`, with the end that it kept. What it throws is
   * an outage.
   */
  readonly read: (id: string) => Promise<ReactRouterRow | null | undefined> | ReactRouterRow | null | undefined;
  /** Ends it, when the client logs out: the old application's `deleteData`. Default: it stays. */
  readonly end?: ((id: string) => unknown) | undefined;
}

const COOKIE = "__session";

/**
 * Sessions of React Router 6.4 to 8, and of Remix 2, that are in a signed cookie. It does not say when it ends.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a secret.
 * @example
 * ```ts
 * import { fromReactRouter } from "sojourn/migrate";
 *
 * fromReactRouter({ secrets: ["kept elsewhere"] }).name; // → "React Router"
 * ```
 */
export function fromReactRouter(options: ReactRouterOptions): Reader {
  checkKnown(options, { cookie: true, domain: true, path: true, secrets: true });
  const payloads = payloadsIn(options);
  return {
    name: "React Router",
    cookies: cookiesOf(options, COOKIE),
    find: async (source) =>
      firstFound(await payloads(source), async (payload) => {
        const data = objectOf(decoded(payload));
        return data && provenBy(payload, { data: withoutFlashes(data) });
      }),
  };
}

/**
 * Sessions of React Router and Remix whose signed id is in the cookie: in files, in memory, or wherever
 * `createSessionStorage` put them.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once without a secret or without `read`.
 * @example
 * ```ts
 * import { fromReactRouterStored } from "sojourn/migrate";
 *
 * fromReactRouterStored({ secrets: ["kept elsewhere"], read: async () => null }).name; // → "React Router, stored"
 * ```
 */
export function fromReactRouterStored(options: ReactRouterStoredOptions): Reader {
  checkKnown(options, { cookie: true, domain: true, end: true, path: true, read: true, secrets: true });
  const { read, end } = options;
  if (typeof read !== "function")
    throw invalidOption("read", read, "a function that gives what is under an id, or null");
  const payloads = payloadsIn(options);
  const idsIn = async (source: RequestSource): Promise<string[]> =>
    (await payloads(source)).map(decoded).filter((id) => typeof id === "string" && id !== "") as string[];
  return {
    name: "React Router, stored",
    cookies: cookiesOf(options, COOKIE),
    find: async (source) => firstFound(await idsIn(source), async (id) => provenBy(id, sessionOf(await read(id)))),
    end: async (source) => {
      for (const id of await idsIn(source)) await end?.(id);
    },
  };
}

/** What the signatures of the cookies cover, where they hold. */
function payloadsIn({ secrets: given, cookie = COOKIE }: ReactRouterOptions) {
  const secrets = listOf(given ?? []);
  if (secrets.length === 0) throw invalidOption("secrets", given, "the secrets of the old application's cookie");
  return async (source: RequestSource): Promise<string[]> => {
    const signed = await Promise.all(valuesOf(source, cookie).map((value) => unsigned(value, secrets)));
    return signed.filter((payload) => payload !== undefined);
  };
}

/** JSON in UTF-8 in base64. */
function decoded(payload: string): unknown {
  const bytes = base64(payload);
  const text = bytes && textOf(bytes);
  return text === undefined ? undefined : jsonOf(`{"value":${text}}`)?.value;
}

function sessionOf(row: ReactRouterRow | null | undefined): FoundSession | undefined {
  const data = objectOf(row?.data);
  return data && { data: withoutFlashes(data), expiresAt: dateOf(row?.expires) };
}

/** What was to be seen once has no place among what stays. */
function withoutFlashes(data: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !/^__flash_.*__$/.test(name)));
}
