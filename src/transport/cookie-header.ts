/**
 * Finds a cookie in a `Cookie` header, byte for byte, without parsing the others.
 */

/**
 * Characters of the header that are looked at; more is ignored. Node refuses more than 16 KiB of headers by default.
 */
const MAX_HEADER = 65_536;

/**
 * Values of one name that are looked at. A sibling subdomain can put cookies of the same name in front of ours
 * (cookie tossing), so the bound is above what would matter by accident, and below what would cost time.
 */
const MAX_VALUES = 16;

const EQUALS = "=";
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * All values of the cookies of exactly this name, in the order of the header; at most 16. Never throws.
 *
 * Nothing is interpreted: no decoding, no quotes, no `$Version`, no commas between cookies (RFC 6265, 5.4, and not
 * RFC 2109). Names are case-sensitive. Only spaces and tabs around a pair are dropped; other white space belongs to
 * the name or the value, or `\u00a0__Host-session` would pass for `__Host-session`. A pair without a name, or without
 * an equals sign, is nobody's cookie.
 *
 * @example
 * ```ts
 * readCookie("a=1; session=x; session=y", "session"); // → ["x", "y"]
 * ```
 */
export function readCookie(header: string, name: string): string[] {
  const values: string[] = [];
  if (name === "") return values;
  const needle = name + EQUALS;
  const limit = Math.min(header.length, MAX_HEADER);
  let at = header.indexOf(needle);
  while (at !== -1 && at < limit && values.length < MAX_VALUES) {
    const start = at + needle.length;
    if (!startsPair(header, at)) {
      at = header.indexOf(needle, start);
      continue;
    }
    const semicolon = header.indexOf(";", start);
    const end = semicolon === -1 ? header.length : semicolon;
    // A value that reaches over the limit would be half a value.
    if (end > limit) break;
    values.push(header.slice(start, trimmedEnd(header, start, end)));
    at = semicolon === -1 ? -1 : header.indexOf(needle, end + 1);
  }
  return values;
}

/** Whether nothing but blanks stands between this place and the pair before it. */
function startsPair(header: string, at: number): boolean {
  let index = at - 1;
  while (index >= 0 && isBlank(header.charCodeAt(index))) index--;
  return index < 0 || header.charCodeAt(index) === SEMICOLON;
}

function trimmedEnd(header: string, start: number, end: number): number {
  let index = end;
  while (index > start && isBlank(header.charCodeAt(index - 1))) index--;
  return index;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
