/**
 * How session data becomes text or bytes and comes back.
 *
 * Rules: `decode(encode(x))` is deeply equal to `x`, or `encode` throws. Equal data encodes equally
 * (the comparison of encodings is how a change is noticed). `decode` is only ever given what `encode`
 * made, from a store or from an authenticated cookie; it throws on anything else, and never runs code.
 */
export interface TextCodec {
  readonly name: string;
  readonly format: "text";
  encode(data: unknown): string;
  decode(encoded: string): unknown;
}

/** The same over bytes. In a store they travel as base64url, in a sealed cookie as they are. */
export interface BinaryCodec {
  readonly name: string;
  readonly format: "binary";
  encode(data: unknown): Uint8Array;
  decode(encoded: Uint8Array): unknown;
}

/** Either kind; the library asks `format` which of them it is. */
export type Codec = TextCodec | BinaryCodec;
