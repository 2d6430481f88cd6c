/**
 * What a commit says of headers, carried out on those of a Fetch response.
 */
import type { HeaderOp } from "./transport.ts";

/**
 * Puts header operations on Fetch `Headers`, or on anything that has its three verbs.
 *
 * @example
 * ```ts
 * const response = new Response("Hello");
 * applyHeaders(response.headers, await sessions.commit(session));
 * ```
 */
export function applyHeaders(headers: Pick<Headers, "get" | "set" | "append">, operations: readonly HeaderOp[]): void {
  for (const { op, name, value } of operations) {
    if (op === "append") headers.append(name, value);
    else if (op === "set") headers.set(name, value);
    else {
      const present = headers.get(name);
      if (present === null) headers.set(name, value);
      else if (op === "merge") headers.set(name, mergeList(present, value));
    }
  }
}

/** A comma-separated list with one word more, unless it has it, or "*", already (RFC 9110 12.5.5). */
function mergeList(list: string, word: string): string {
  const words = list.split(",").map((each) => each.trim().toLowerCase());
  return words.includes(word.toLowerCase()) || words.includes("*") ? list : `${list}, ${word}`;
}
