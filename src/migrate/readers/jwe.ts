/**
 * Encrypted tokens (JWE), taken apart and opened with a key that is known, for the readers of Auth.js.
 */
import { base64, base64url, decryptCbc, decryptGcm, hasTag, textOf, utf8 } from "../cryptography.ts";
import { jsonOf } from "../reader.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An encrypted token that was opened. */
export interface OpenedJwe {
  /** All that the tag covers, however a client spells it. */
  readonly proof: string;
  readonly claims: Record<string, unknown> | undefined;
}

/** JWE in its compact form, taken apart: direct encryption (RFC 7516, 7518). */
export interface Jwe {
  readonly header: Record<string, unknown>;
  readonly head: Bytes;
  readonly iv: Bytes;
  readonly sealed: Bytes;
  readonly tag: Bytes;
}

/** @param encryption The only `enc` that counts. */
export function parseJwe(token: string, encryption: string): Jwe | undefined {
  const parts = token.split(".");
  const [head = "", none, ...rest] = parts;
  const header = jsonOf(textOf(base64(head) ?? new Uint8Array([255])));
  if (parts.length !== 5 || none !== "" || header?.alg !== "dir" || header.enc !== encryption) return undefined;
  const [iv, sealed, tag] = rest.map(base64);
  return iv && sealed && tag ? { header, head: utf8(head), iv, sealed, tag } : undefined;
}

/** A256CBC-HS512: the first half of the key is for the tag. */
export async function openCbc({ head, iv, sealed, tag }: Jwe, key: Bytes): Promise<OpenedJwe | undefined> {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(head.length * 8));
  const message = new Uint8Array([...head, ...iv, ...sealed, ...length]);
  if (tag.length !== 32 || !(await hasTag("SHA-512", key.slice(0, 32), message, tag))) return undefined;
  return opened(message, await decryptCbc(key.slice(32), iv, sealed));
}

export async function openGcm({ head, iv, sealed, tag }: Jwe, key: Bytes): Promise<OpenedJwe | undefined> {
  if (iv.length !== 12 || tag.length !== 16) return undefined;
  const plain = await decryptGcm(key, iv, new Uint8Array([...sealed, ...tag]), head);
  return plain && opened(new Uint8Array([...head, ...iv, ...sealed]), plain);
}

function opened(message: Bytes, plain: ArrayBuffer | undefined): OpenedJwe {
  return { proof: base64url(message), claims: plain && jsonOf(textOf(plain)) };
}
