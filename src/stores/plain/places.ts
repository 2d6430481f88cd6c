/**
 * The names of a session key's two slots: one for its record, one for its grave.
 */
import type { SessionKey } from "../../record.ts";

/** Where a key's record is, and where it is told that it ended. */
export interface Place {
  readonly slot: string;
  readonly grave: string;
}

/**
 * Sojourn's keys are 43 characters of base64url and stay as they are, for an operator to find. Of any other the hash is
 * taken, for layers below cut keys at "?", turn slashes into colons and make paths of them. The dot is in none of ours.
 */
export async function placeOf(prefix: string, key: SessionKey): Promise<Place> {
  const slot = prefix + (/^[A-Za-z0-9_-]{1,100}$/.test(key) ? key : `other.${await hexOfHash(key)}`);
  return { slot, grave: `${slot}.ended` };
}

async function hexOfHash(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
