/**
 * One secret: from its spelling to its bytes, and no further when it could be guessed.
 */
import { SessionError } from "../errors.ts";
import { decode } from "./base64url.ts";
import { exampleIn, isWords, MAX_BYTES, MIN_BYTES, weaknessOf } from "./weakness.ts";

const HEX = /^(?:[0-9a-f]{2})+$/i;

/**
 * The bytes of a secret, as a copy.
 *
 * A text of an even number of hexadecimal digits and nothing else is hex; everything else is base64url, or
 * base64 with or without its padding. So each text has one meaning: that 32 random bytes in
 * base64url come out as hexadecimal digits only does not happen (43 letters is odd, and one in 10^20).
 *
 * @param option Its name for the message.
 * @throws SessionError SOJOURN_WEAK_SECRET, without the secret in the message.
 */
export function readSecret(secret: string | Uint8Array, option: string): Uint8Array {
  if (typeof secret !== "string") {
    reject(option, weaknessOf(secret));
    return Uint8Array.from(secret);
  }
  const text = secret.trim();
  reject(option, exampleIn(text));
  const hex = HEX.test(text);
  const letters = text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
  const bytes = hex ? fromHex(text) : isOneAlphabet(text) ? decode(letters) : null;
  if (bytes === null) throw weak(option, "text that is neither base64url, base64 nor hex");
  reject(option, weaknessOf(bytes) ?? (!hex && isWords(letters) ? "words" : undefined));
  return Uint8Array.from(bytes);
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** Letters of both alphabets in one text, or padding that does not fill up, are damage and not a spelling. */
function isOneAlphabet(text: string): boolean {
  if (/[+/]/.test(text) && /[-_]/.test(text)) return false;
  return !text.includes("=") || (text.length % 4 === 0 && /^[^=]+={1,2}$/.test(text));
}

function reject(option: string, weakness: string | undefined): void {
  if (weakness !== undefined) throw weak(option, weakness);
}

function weak(option: string, found: string): SessionError {
  return new SessionError(
    "SOJOURN_WEAK_SECRET",
    `Option "${option}": expected ${MIN_BYTES} to ${MAX_BYTES} random bytes, found ${found}. Make a secret with: npx ` +
      "sojourn secret",
  );
}
