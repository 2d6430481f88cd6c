import type { SessionKey } from "../../record.ts";

/**
 * The key of an item. Sojourn's keys are 43 characters of base64url and stay as they are, for an operator to find; of
 * any other the hash is taken, so that no blank and no line end gets into the protocol, and none is longer than the
 * 250 bytes that it allows. No key of ours begins with "#".
 */
export async function itemKey(prefix: string, key: SessionKey): Promise<string> {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(key)) return prefix + key;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  return `${prefix}#${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
