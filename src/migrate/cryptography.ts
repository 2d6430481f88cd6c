/**
 * The primitives of the old formats, by WebCrypto, which every runtime has. Only what reads: nothing here writes an old
 * format.
 */

type Bytes = Uint8Array<ArrayBuffer>;

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text) as Bytes;
}

export function textOf(bytes: ArrayBuffer | Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Base64 of either alphabet, with padding or without; undefined for anything else. */
export function base64(text: string): Bytes | undefined {
  if (!/^[\w+/-]*={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "")), (c) =>
      c.charCodeAt(0),
    );
  } catch {
    return undefined;
  }
}

/** Base64url without padding. */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

export async function sha256(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}

/** Whether the tag is the HMAC of the message under the key; in constant time, as `verify` is. */
export async function hasTag(
  hash: "SHA-1" | "SHA-256" | "SHA-512",
  key: Bytes,
  message: Bytes,
  tag: Bytes | undefined,
): Promise<boolean> {
  if (!tag || key.length === 0) return false;
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["verify", "sign"]);
  if (hash !== "SHA-512" || tag.length !== 32) return crypto.subtle.verify("HMAC", imported, tag, message);
  // JWE takes the first half (RFC 7518, 5.2.2.1).
  const whole = new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
  let difference = 0;
  for (let at = 0; at < 32; at++) difference |= (whole[at] as number) ^ (tag[at] as number);
  return difference === 0;
}

/** AES-256-CBC; undefined when the padding does not fit. Ask only after the tag was checked. */
export async function decryptCbc(key: Bytes, iv: Bytes, sealed: Bytes): Promise<ArrayBuffer | undefined> {
  try {
    const imported = await crypto.subtle.importKey("raw", key, "AES-CBC", false, ["decrypt"]);
    return await crypto.subtle.decrypt({ name: "AES-CBC", iv }, imported, sealed);
  } catch {
    return undefined;
  }
}

/** AES-256-GCM, the tag behind the text; undefined when it does not hold. */
export async function decryptGcm(
  key: Bytes,
  iv: Bytes,
  sealed: Bytes,
  additionalData: Bytes,
): Promise<ArrayBuffer | undefined> {
  try {
    const imported = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    return await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, imported, sealed);
  } catch {
    return undefined;
  }
}

/** A value and the text behind its last dot. */
export function splitSigned(signed: string): readonly [value: string, signature: string] | undefined {
  const dot = signed.lastIndexOf(".");
  return dot === -1 ? undefined : [signed.slice(0, dot), signed.slice(dot + 1)];
}

/**
 * The value that one of the secrets signed, in the form `value.base64(HMAC-SHA-256)` that most of Node's cookies have.
 */
export async function unsigned(signed: string, secrets: readonly string[]): Promise<string | undefined> {
  const parts = splitSigned(signed);
  if (parts?.[1].length !== 43) return undefined;
  const tag = base64(parts[1]);
  for (const secret of secrets) if (await hasTag("SHA-256", utf8(secret), utf8(parts[0]), tag)) return parts[0];
  return undefined;
}

/** One secret or several, the present one first. */
export type OldSecrets = string | readonly string[];

export function listOf(secrets: OldSecrets): readonly string[] {
  return typeof secrets === "string" ? [secrets] : secrets;
}
