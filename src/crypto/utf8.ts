/**
 * UTF-8 in both directions, strict where bytes are read.
 */

const encoder = new TextEncoder();

// A byte order mark is kept, so that no two byte strings decode to the same text.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD, as everywhere on the web platform.
 *
 * @param room Bytes in front that are left free for the caller; default none.
 */
export function encode(text: string, room = 0): Uint8Array {
  if (room === 0) return encoder.encode(text);
  const bytes = new Uint8Array(room + text.length);
  // As long as the text where all of it is ASCII, as most is; otherwise it did not fit.
  if (encoder.encodeInto(text, bytes.subarray(room)).read === text.length) return bytes;
  const encoded = encoder.encode(text);
  const longer = new Uint8Array(room + encoded.length);
  longer.set(encoded, room);
  return longer;
}

/** The text, or null where the bytes are not well-formed UTF-8 (RFC 3629). Never throws. */
export function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
