/**
 * How much a session may hold, in octets: of a text, those of its UTF-8.
 */
import { encode as encodeUtf8 } from "../crypto/utf8.ts";
import { SessionError } from "../errors.ts";
import type { Encoded } from "./payload.ts";

/** The default of `maxDataBytes`. */
export const MOST_DATA_BYTES = 1_048_576;

/** A character of a text (a unit of UTF-16) takes up to three octets. */
const LONGEST_CHARACTER = 3;

export function bytesOf(encoded: Encoded): number {
  return typeof encoded === "string" ? encodeUtf8(encoded).length : encoded.length;
}

/**
 * Throws SOJOURN_TOO_LARGE when the data is larger than `maxDataBytes`. Octets are counted only where the length leaves
 * a doubt.
 */
export function assertFits(encoded: Encoded, most: number): void {
  if (encoded.length * LONGEST_CHARACTER <= most) return;
  const bytes = bytesOf(encoded);
  if (bytes <= most) return;
  throw new SessionError(
    "SOJOURN_TOO_LARGE",
    `The session's data would take ${bytes} bytes, and \`maxDataBytes\` is ${most}; nothing was saved. Keep large ` +
      "things elsewhere, and their key in the session.",
  );
}
