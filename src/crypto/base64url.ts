/**
 * base64url without padding (RFC 4648 section 5), strict: only the 64 letters, no spare bits (section
 * 3.5), so that every byte string has exactly one spelling. Lenient decoders give one session many
 * cookies, and what is compared or revoked by its spelling slips through.
 */

/** One way to do it; both have the same behaviour. Exported for the tests. */
export interface Base64Url {
  encode(bytes: Uint8Array): string;
  decode(text: string): Uint8Array | null;
}

/** The part of Node's Buffer that is used. Bun and Deno have it too; a polyfill without base64url is passed over. */
interface BufferLike {
  isEncoding(encoding: string): boolean;
  from(text: string, encoding: "base64url"): BufferBytes;
  from(buffer: ArrayBufferLike, offset: number, length: number): BufferBytes;
}

type BufferBytes = Uint8Array & { toString(encoding: "base64url"): string };

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0));
/** What no letter stands for; has a bit set above the six. */
const INVALID = 0x80;
const VALUES = new Uint8Array(128).fill(INVALID);
for (const [value, code] of CODES.entries()) VALUES[code] = value;

const ascii = new TextDecoder();

/** In plain JavaScript, for platforms without Buffer. */
export const portable: Base64Url = {
  encode(bytes) {
    const codes = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
    let at = 0;
    for (let i = 0; i < bytes.length; i += 3) {
      const [a = 0, b = 0, c = 0] = [bytes[i], bytes[i + 1], bytes[i + 2]];
      // Writes behind the end of a typed array are dropped: that is the missing padding.
      codes[at++] = CODES[a >> 2] as number;
      codes[at++] = CODES[((a & 3) << 4) | (b >> 4)] as number;
      codes[at++] = CODES[((b & 15) << 2) | (c >> 6)] as number;
      codes[at++] = CODES[c & 63] as number;
    }
    return ascii.decode(codes);
  },

  decode(text) {
    if (text.length % 4 === 1) return null;
    const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
    let at = 0;
    let bits = 0;
    let held = 0;
    for (let i = 0; i < text.length; i++) {
      const value = VALUES[text.charCodeAt(i)] ?? INVALID;
      if (value === INVALID) return null;
      bits = (bits << 6) | value;
      held += 6;
      if (held >= 8) {
        held -= 8;
        bytes[at++] = bits >> held;
        bits &= (1 << held) - 1;
      }
    }
    // What is left over are the spare bits of the last letter.
    return bits === 0 ? bytes : null;
  },
};

/** Up to here, reading letter by letter costs less than the way into the runtime and back. */
const SHORT = 128;

/** Over Buffer, several times faster on long values. */
export function native(buffer: BufferLike): Base64Url {
  const encode = (bytes: Uint8Array): string =>
    buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
  return {
    encode,
    decode(text) {
      if (text.length <= SHORT) return portable.decode(text);
      const bytes = buffer.from(text, "base64url");
      // Buffer skips what it does not know and takes the classic alphabet and padding: only the one
      // spelling that it writes itself is let through.
      if (bytes.toString("base64url") !== text) return null;
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
  };
}

const found = (globalThis as { Buffer?: BufferLike | undefined }).Buffer;
const chosen: Base64Url = found?.isEncoding?.("base64url") === true ? native(found) : portable;

/** The one spelling of these bytes. */
export const encode: (bytes: Uint8Array) => string = chosen.encode;

/**
 * The bytes, or null for every text that `encode` does not write. Never throws. They may be a view on a shared buffer.
 */
export const decode: (text: string) => Uint8Array | null = chosen.decode;
