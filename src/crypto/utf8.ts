const encoder = new TextEncoder();

// A byte order mark is kept, so that no two byte strings decode to the same text.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD, as everywhere on the web platform. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text, or null where the bytes are not well-formed UTF-8 (RFC 3629). Never throws. */
export function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
