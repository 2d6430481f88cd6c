import { invalidOption } from "../../errors.ts";
import { base64, decryptCbc, hasTag, textOf, utf8 } from "../cryptography.ts";
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

/** One password, or several by the id that a seal names. */
export type IronPassword = string | Readonly<Record<string, string>>;

/** How sessions are found that are sealed as iron does it ("Fe26.2"). */
export interface IronOptions extends CookieOptions {
  /** The password of the old application; several as an object, by their ids. */
  readonly password: IronPassword;
}

/**
 * Sessions of iron-session 8. `cookie` is its `cookieName`.
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
  return sealed("iron-session", options, options.cookie, "~2", ({ content, expiresAt }) => ({
    data: content,
    expiresAt,
  }));
}

/**
 * Sessions of h3 1 (`useSession`) and of nuxt-auth-utils on it, whose cookie is "nuxt-session".
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
export function fromH3(options: IronOptions): Reader {
  return sealed("h3", options, "h3", "", ({ content, expiresAt }) => {
    const data = objectOf(content.data);
    return data && { data, expiresAt };
  });
}

interface Unsealed {
  /** What the tag covers. */
  readonly message: string;
  readonly content: Record<string, unknown>;
  readonly expiresAt: Date | undefined;
}

function sealed(
  name: string,
  options: IronOptions,
  own: string,
  /** The version of the library's own format, behind the seal. */
  ending: string,
  read: (unsealed: Unsealed) => FoundSession | undefined,
): Reader {
  const passwords =
    typeof options.password === "string" ? { "": options.password, 1: options.password } : options.password;
  const long = Object.values(passwords ?? {}).filter((password) => password?.length >= 32);
  if (long.length === 0)
    throw invalidOption("password", undefined, "the password of the old application, 32 characters or more");
  return {
    name,
    cookies: cookiesOf(options, own),
    find: (source) =>
      firstFound(valuesOf(source, options.cookie ?? own), async (value) => {
        const unsealed =
          value.endsWith(ending) && (await unseal(value.slice(0, value.length - ending.length), passwords));
        if (!unsealed) return undefined;
        return provenBy(unsealed.message, read(unsealed));
      }),
  };
}

/** The tag is checked before anything is decrypted or parsed. */
async function unseal(value: string, passwords: Readonly<Record<string, string>>): Promise<Unsealed | undefined> {
  const parts = value.split("*");
  const [prefix, id = "", encryptionSalt = "", iv = "", content = "", expiration = "", tagSalt = "", tag = ""] = parts;
  const password = Object.hasOwn(passwords, id) ? passwords[id] : undefined;
  if (parts.length !== 8 || prefix !== "Fe26.2" || !password) return undefined;
  const message = parts.slice(0, 6).join("*");
  if (!(await hasTag("SHA-256", await derived(password, tagSalt), utf8(message), base64(tag)))) return undefined;
  const [vector, bytes] = [base64(iv), base64(content)];
  if (!vector || !bytes) return undefined;
  const plain = await decryptCbc(await derived(password, encryptionSalt), vector, bytes);
  const found = plain && jsonOf(textOf(plain));
  if (!found || (expiration !== "" && !/^\d+$/.test(expiration))) return undefined;
  return { message, content: found, expiresAt: expiration === "" ? undefined : dateOf(Number(expiration)) };
}

/** One round, as both libraries have it: their passwords are long. */
async function derived(password: string, salt: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", utf8(password), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: utf8(salt), iterations: 1 }, key, 256),
  );
}
