/**
 * How a secret is told from random bytes: by its length, by what repeats in it, by words, and by examples that
 * everybody knows.
 */
import { decode as decodeUtf8 } from "./utf8.ts";

/** Bytes that a secret must have at least: 256 bits, as much as the keys made from it. */
export const MIN_BYTES = 32;
/** A secret is a key and not a file. */
export const MAX_BYTES = 1024;
/** 32 random bytes have fewer different ones once in 10^10 times. */
const MIN_DISTINCT = 16;
/** Texts this many bits more likely as words than at random are words; a random one gets there once in 2^32 times. */
const MAX_WORDINESS = 32;

/**
 * Pieces of the secrets in tutorials, defaults and examples, in lower case and without punctuation. None
 * is shorter than eight letters, so that a random secret holds one by chance once in 10^9 times.
 */
const EXAMPLES: readonly string[] = [
  "keyboardcat",
  "complexpassword",
  "atleast32char",
  "32characters",
  "changeme",
  "changethis",
  "replaceme",
  "replacethis",
  "supersecret",
  "yoursecret",
  "yoursession",
  "yourpassword",
  "mysecret",
  "topsecret",
  "verysecret",
  "secretkey",
  "secretsecret",
  "sessionsecret",
  "cookiesecret",
  "thisisasecret",
  "notasecret",
  "notsosecret",
  "password",
  "passphrase",
  "insecure",
  "placeholder",
  "development",
  "examplekey",
  "loremipsum",
  "correcthorse",
  "qwertyuiop",
  "abcdefghij",
  "1234567890",
];

/** Why this text is an example that everybody can look up, or undefined. */
export function exampleIn(text: string): string | undefined {
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, "");
  return EXAMPLES.some((piece) => letters.includes(piece)) ? "a known example" : undefined;
}

/**
 * What tells these bytes from random ones, as words that complete "found …"; undefined where nothing
 * does. Catches mistakes and placeholders; that bytes are random nobody can prove (ASVS 11.2.3).
 */
export function weaknessOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < MIN_BYTES) return `${bytes.length} bytes`;
  if (bytes.length > MAX_BYTES) return `${bytes.length} bytes`;
  if (distinct(bytes) < MIN_DISTINCT) return `only ${distinct(bytes)} different bytes`;
  if (distinct(bytes.map((byte, i) => byte - (bytes[i - 1] ?? 0))) < MIN_DISTINCT) return "a sequence";
  if (repeats(bytes)) return "bytes that repeat";
  const text = decodeUtf8(bytes);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what no text has and half of all random bytes hold
  if (text !== null && !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return "bytes that are text";
  return undefined;
}

function distinct(bytes: Uint8Array): number {
  return new Set(bytes).size;
}

/** Whether the whole is a shorter piece said again. */
function repeats(bytes: Uint8Array): boolean {
  for (let period = 1; period <= bytes.length / 2; period++) {
    if (bytes.every((byte, i) => i < period || byte === bytes[i - period])) return true;
  }
  return false;
}

/**
 * Whether letters of base64 are words: many passphrases are valid base64url ("complex_password_…").
 *
 * Weighs how likely each letter is in English against 1 in 64. No text can be told wrongly from random
 * more often than its weight says: for any such table, random letters reach n bits once in 2^n times
 * at most (Markov's inequality on a likelihood ratio).
 */
export function isWords(letters: string): boolean {
  let bits = 0;
  for (const letter of letters) bits += Math.log2(64 * likelihood(letter));
  return bits > MAX_WORDINESS;
}

/** Sums to one over the 64 letters. */
function likelihood(letter: string): number {
  if ("etaoinsrh".includes(letter)) return 0.58 / 9;
  if ("ldcumfpgwyb".includes(letter)) return 0.25 / 11;
  if ("vkjxqz".includes(letter)) return 0.02 / 6;
  if (letter >= "A" && letter <= "Z") return 0.06 / 26;
  if (letter >= "0" && letter <= "9") return 0.05 / 10;
  return 0.04 / 2;
}
