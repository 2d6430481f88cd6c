/**
 * One value that a library cut into several cookies, put together again.
 */
import type { RequestSource } from "../../index.ts";
import { valuesOf } from "../reader.ts";

/** The endings of the names of the cookies that one value was cut into: ".0", ".1"… */
export function pieces(first: number, most: number): string[] {
  return Array.from({ length: most }, (_, at) => `.${first + at}`);
}

/** The pieces up to the first that is missing. */
export function piecesIn(source: RequestSource, name: string, first: number, most: number): string[] {
  const found: string[] = [];
  for (const ending of pieces(first, most)) {
    const [piece] = valuesOf(source, name + ending);
    if (piece === undefined) break;
    found.push(piece);
  }
  return found;
}

/** The value of all pieces that there are, in a list of one; an empty list where there is none. */
export function joined(source: RequestSource, name: string, first: number, most: number): string[] {
  const found = piecesIn(source, name, first, most);
  return found.length > 0 ? [found.join("")] : [];
}
