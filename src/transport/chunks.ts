/**
 * Values that need more than one cookie.
 *
 * A chunk that is not full is the last one: the value itself says where it ends. No count travels that a client
 * could change, and what an older, longer value left behind is never read. Whether the pieces belong together is for
 * the seal to say, which covers the joined value.
 */

/** The most cookies that one value may take, whatever the options say; the range that is read, written and cleared. */
export const MAX_CHUNKS = 8;

/** Octets of name and value in a chunk: under 4,096, for clients that count the attributes too. */
const CHUNK_BYTES = 3_840;

/** The joined values that are handed on, and the pieces that are tried, when a chunk's name is there several times. */
const MAX_CANDIDATES = 16;
const MAX_STEPS = 64;

/** The characters of a full chunk. Depends on the name alone, or cookies would not be read after a new release. */
export function chunkSize(name: string): number {
  return CHUNK_BYTES - name.length - ".7".length;
}

/** The longest value that fits into so many cookies. */
export function chunkCapacity(size: number, count: number): number {
  return size * count - 1;
}

export function chunkName(name: string, index: number): string {
  return index === 0 ? name : `${name}.${index}`;
}

/** Full chunks, and one that is not: when the value ends with a full one, an empty chunk follows. */
export function splitChunks(value: string, size: number): string[] {
  const chunks: string[] = [];
  for (let at = 0; at <= value.length; at += size) chunks.push(value.slice(at, at + size));
  return chunks;
}

/**
 * Every value that the cookies can be read as, in the order found; one, unless somebody else set
 * cookies of these names. A value whose next chunk is missing is none.
 *
 * @param read The values of the cookie of one index.
 */
export function joinChunks(read: (index: number) => readonly string[], size: number, count: number): string[] {
  const joined: string[] = [];
  const pieces: (readonly string[])[] = [];
  let steps = MAX_STEPS;

  const extend = (prefix: string, index: number): void => {
    pieces[index] ??= read(index);
    for (const piece of pieces[index]) {
      if (joined.length === MAX_CANDIDATES || steps-- <= 0) return;
      // One cookie longer than a chunk was written before chunks were allowed.
      if (piece.length < size || (index === 0 && piece.length > size)) joined.push(prefix + piece);
      else if (piece.length === size && index + 1 < count) extend(prefix + piece, index + 1);
    }
  };
  extend("", 0);
  return joined;
}
