/**
 * Text that every database takes, and the way back: for keys, users and payloads with NUL or half of a surrogate pair.
 */
import type { SessionKey } from "../../record.ts";

const ESCAPED = "\u0001";

/** PGlite takes one at the beginning for none of the text. */
const BYTE_ORDER_MARK = "\ufeff";

/** With the flag `u` a whole pair is one character, and not of this category. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Text for a column. Databases or their drivers refuse NUL or end a text at it, and none keeps half of a surrogate
 * pair; such text is written as JSON behind a mark, all other text as it is. The empty text is marked as well, so
 * that every key is greater than "", where a scan begins.
 */
export function toText(text: string): string {
  const kept = text !== "" && !text.startsWith(ESCAPED) && !text.startsWith(BYTE_ORDER_MARK) && isPlain(text);
  return kept ? text : ESCAPED + JSON.stringify(text);
}

/** Undoes `toText`. */
export function fromText(text: string): string {
  return text.startsWith(ESCAPED) ? (JSON.parse(text.slice(1)) as string) : text;
}

/** Whether a database can take the text as it is. A cursor that is not so was never given by a page. */
export function isPlain(text: string): boolean {
  return !text.includes("\0") && !LONE_SURROGATE.test(text);
}

/** No key is written like this: what begins with the mark goes on with JSON. */
export const NO_KEY: SessionKey = ESCAPED;
