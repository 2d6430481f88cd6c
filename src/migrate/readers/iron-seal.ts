/**
 * The seals of iron ("Fe26.2") and the passwords that open them, for the readers of all libraries that use them.
 */
import { invalidOption } from "../../errors.ts";
import { base64, decryptCbc, hasTag, textOf, utf8 } from "../cryptography.ts";
import { dateOf } from "../reader.ts";

/** One password, or several by the id that a seal names. */
export type IronPassword = string | Readonly<Record<string, string>>;

/** The passwords by their ids; a seal without an id, and the id 1, are those of a single password. */
export type Passwords = Readonly<Record<string, string>>;

/** What a seal had in it. */
export interface Unsealed {
  /** What the tag covers. */
  readonly message: string;
  /** JSON. */
  readonly text: string;
  readonly expiresAt: Date | undefined;
}

/** @throws SessionError `SOJOURN_INVALID_OPTION` when none of them has 32 characters, which iron asks for. */
export function checkedPasswords(option: string, given: IronPassword): Passwords {
  const passwords = typeof given === "string" ? { "": given, 1: given, default: given } : (given ?? {});
  if (!Object.values(passwords).some((password) => password?.length >= 32))
    throw invalidOption(option, undefined, "the password of the old application, 32 characters or more");
  return passwords;
}

/**
 * Opens what iron sealed ("Fe26.2"). The tag is checked before anything is decrypted or parsed.
 *
 * @param rounds How often the password is hashed for a key: 1 by hapi's iron, its long passwords being enough; 8,192 by
 *   h3 2.
 */
export async function unseal(value: string, passwords: Passwords, rounds: number): Promise<Unsealed | undefined> {
  const parts = value.split("*");
  const [prefix, id = "", encryptionSalt = "", iv = "", content = "", expiration = "", tagSalt = "", tag = ""] = parts;
  const password = Object.hasOwn(passwords, id) ? passwords[id] : undefined;
  if (parts.length !== 8 || prefix !== "Fe26.2" || !password) return undefined;
  const message = parts.slice(0, 6).join("*");
  const key = await derived(password, tagSalt, rounds);
  if (!(await hasTag("SHA-256", key, utf8(message), base64(tag)))) return undefined;
  const [vector, bytes] = [base64(iv), base64(content)];
  if (!vector || !bytes) return undefined;
  const plain = await decryptCbc(await derived(password, encryptionSalt, rounds), vector, bytes);
  const text = plain && textOf(plain);
  if (text === undefined || (expiration !== "" && !/^\d+$/.test(expiration))) return undefined;
  return { message, text, expiresAt: expiration === "" ? undefined : dateOf(Number(expiration)) };
}

async function derived(password: string, salt: string, iterations: number): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", utf8(password), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: utf8(salt), iterations }, key, 256),
  );
}
