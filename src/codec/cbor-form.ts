/**
 * Checks the outline of CBOR before a decoder sees it: only what the CBOR codec writes gets through.
 *
 * A general decoder knows far more of CBOR (shared references, packed tables, errors, regular expressions,
 * compiled records), and a few bytes of those can cost unbounded time or build surprising objects.
 */
import { MAX_DEPTH } from "./fault.ts";

/** Larger bigints are refused in both directions: building one from bytes takes time by the square. */
export const MAX_BIGINT_BYTES = 1024;

/** RFC 8949, section 3.1. */
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const SIMPLE = 7;

/** The tags in use, and what each must hold. */
const DATE = 1;
const BIGINT = 2;
const NEGATIVE_BIGINT = 3;
const SET = 258;
const EXPLICIT_MAP = 259;

const PROTO = new TextEncoder().encode("__proto__");

/** Whether the bytes are one item, complete, of bounded depth, with known tags and text as the keys of objects. */
export function isExpectedCbor(bytes: Uint8Array): boolean {
  const outline = new Outline(bytes);
  return outline.item(2 * MAX_DEPTH + 2) && outline.position === bytes.length;
}

class Outline {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  item(depth: number): boolean {
    const head = this.#head();
    if (!head || depth === 0) return false;
    const { major, argument } = head;
    if (major === BYTES || major === TEXT) return this.#skip(argument);
    if (major === ARRAY) return this.#items(argument, depth - 1);
    if (major === MAP) return this.#members(argument, depth - 1);
    if (major === TAG) return this.#tagged(argument, depth - 1);
    return true;
  }

  /** Major type and argument; null at the end, for indefinite lengths and for unknown simple values. */
  #head(): { major: number; argument: number } | null {
    const first = this.#bytes[this.position++];
    if (first === undefined) return null;
    const major = first >> 5;
    const info = first & 31;
    if (major === SIMPLE && !((info >= 20 && info <= 23) || (info >= 25 && info <= 27))) return null;
    if (info < 24) return { major, argument: info };
    if (info > 27) return null;
    const size = 1 << (info - 24);
    const at = this.position;
    if (!this.#skip(size)) return null;
    if (size === 1) return { major, argument: this.#view.getUint8(at) };
    if (size === 2) return { major, argument: this.#view.getUint16(at) };
    if (size === 4) return { major, argument: this.#view.getUint32(at) };
    return { major, argument: this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4) };
  }

  #skip(length: number): boolean {
    if (length > this.#bytes.length - this.position) return false;
    this.position += length;
    return true;
  }

  #items(count: number, depth: number): boolean {
    if (count > this.#bytes.length - this.position) return false;
    for (let index = 0; index < count; index++) if (!this.item(depth)) return false;
    return true;
  }

  #members(count: number, depth: number): boolean {
    if (2 * count > this.#bytes.length - this.position) return false;
    for (let index = 0; index < count; index++) {
      const head = this.#head();
      const start = this.position;
      if (head?.major !== TEXT || !this.#skip(head.argument) || this.#isProto(start) || !this.item(depth)) return false;
    }
    return true;
  }

  #isProto(start: number): boolean {
    return this.position - start === PROTO.length && PROTO.every((byte, index) => this.#bytes[start + index] === byte);
  }

  #tagged(tag: number, depth: number): boolean {
    const head = this.#head();
    if (!head || depth === 0) return false;
    const { major, argument } = head;
    if (tag === DATE) return major === 0 || major === SIMPLE;
    if (tag === BIGINT || tag === NEGATIVE_BIGINT)
      return major === BYTES && argument <= MAX_BIGINT_BYTES && this.#skip(argument);
    if (tag === SET) return major === ARRAY && this.#items(argument, depth);
    // Twice as many items as members: keys of any kind.
    return tag === EXPLICIT_MAP && major === MAP && this.#items(2 * argument, depth);
  }
}
