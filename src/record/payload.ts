/**
 * The payload of a record: the library's meta on the first line, the application's data after it;
 * sealed as a whole, and bound to the record's key, when encryption at rest is on.
 */
import type { Awaitable } from "../awaitable.ts";
import type { Codec } from "../codec/codec.ts";
import * as base64url from "../crypto/base64url.ts";
import { decode as decodeUtf8, encode as encodeUtf8 } from "../crypto/utf8.ts";
import type { Xaes } from "../crypto/xaes.ts";
import { SessionError } from "../errors.ts";
import { decodeMeta, encodeMeta, type Meta } from "./meta.ts";

/** Data as the codec left it. */
export type Encoded = string | Uint8Array;

/** Session data is always an object, so that changes have keys to merge by. */
export type DataObject = Record<string, unknown>;

export interface Content {
  readonly meta: Meta;
  readonly encoded: Encoded;
}

export function sameEncoded(a: Encoded, b: Encoded): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function isDataObject(value: unknown): value is DataObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an application gives as data: anything but an object could be stored, and never be loaded again. */
export function assertDataObject(value: unknown): asserts value is DataObject {
  if (isDataObject(value)) return;
  const found = Array.isArray(value) ? "an array" : value === null ? "null" : `a ${typeof value}`;
  throw new SessionError("SOJOURN_INVALID_DATA", `Session data: expected an object, found ${found}.`);
}

/** The data object, or null when the encoding is damaged or holds something else than an object. Never throws. */
export function decodeData(codec: Codec, encoded: Encoded): DataObject | null {
  try {
    const data = codec.format === "text" ? codec.decode(encoded as string) : codec.decode(encoded as Uint8Array);
    return isDataObject(data) ? data : null;
  } catch {
    return null;
  }
}

/** The encoding, or null when the codec refuses the data. */
export function tryEncode(codec: Codec, data: DataObject): Encoded | null {
  try {
    return codec.encode(data);
  } catch {
    return null;
  }
}

/** Brings what was stored as text, or sealed as bytes, into the codec's own format; null when it cannot be. */
export function toFormat(codec: Codec, encoded: Encoded): Encoded | null {
  if (codec.format === "binary") return typeof encoded === "string" ? base64url.decode(encoded) : encoded;
  return typeof encoded === "string" ? encoded : decodeUtf8(encoded);
}

/** Marks a payload that is sealed; meta begins with a brace, so it cannot be mistaken for one in clear. */
const SEALED = "~";
/** The same of one that is bound to its owner. */
const BOUND = "~~";

/** Turns content into a payload and back. */
export interface PayloadFormat {
  write(key: string, content: Content, owner: Owner): Awaitable<string>;
  /** Null when the payload is damaged, foreign, or belongs to another key or owner. */
  read(key: string, payload: string, owner: Owner): Awaitable<Content | null>;
}

/** The columns beside a payload that say whose session it is, and since when: a seal is bound to them. */
export interface Owner {
  readonly userId?: string | undefined;
  readonly createdAt: number;
}

export const plainPayload: PayloadFormat = {
  write: (_key, { meta, encoded }) =>
    `${encodeMeta(meta)}\n${typeof encoded === "string" ? encoded : base64url.encode(encoded)}`,
  read(_key, payload) {
    const end = payload.indexOf("\n");
    const meta = end === -1 ? null : decodeMeta(payload.slice(0, end));
    return meta && { meta, encoded: payload.slice(end + 1) };
  },
};

/**
 * As one says, when it is written; as either, when it is read. So sealing can be switched on and off without a logout.
 * Where rows in clear are read they are believed, and so are those of whoever can write to the store.
 */
export function eitherPayload(written: PayloadFormat, sealed: PayloadFormat): PayloadFormat {
  return {
    write: written.write,
    read: (key, payload, owner) => (payload.startsWith(SEALED) ? sealed : plainPayload).read(key, payload, owner),
  };
}

/** The key that seals, and those that may have sealed before it, tried in that order of likelihood by their number. */
export interface RestKeys {
  active(): Awaitable<{ readonly kid: number; readonly xaes: Xaes }>;
  find(kid: number): Awaitable<Xaes | undefined>;
}

/**
 * Encryption at rest: XAES-256-GCM with the record's key, its user and its beginning as additional data, so that
 * neither rows nor their owners can be swapped. Rows of release 0.1 are bound to their key only: they are read until
 * their sessions end.
 */
export function sealedPayload(keys: RestKeys): PayloadFormat {
  return {
    async write(key, content, owner) {
      const { kid, xaes } = await keys.active();
      const plain = (await plainPayload.write(key, content, owner)) as string;
      const sealed = await xaes.seal(encodeUtf8(plain), encodeUtf8(boundTo(BOUND, kid, key, owner)));
      const whole = new Uint8Array(sealed.length + 1);
      whole[0] = kid;
      whole.set(sealed, 1);
      return BOUND + base64url.encode(whole);
    },
    async read(key, payload, owner) {
      const marker = payload.startsWith(BOUND) ? BOUND : SEALED;
      const whole = payload.startsWith(marker) ? base64url.decode(payload.slice(marker.length)) : null;
      const xaes = whole?.length ? await keys.find(whole[0] as number) : undefined;
      if (!whole || !xaes) return null;
      const binding = boundTo(marker, whole[0] as number, key, owner);
      const plain = await xaes.open(whole.subarray(1), encodeUtf8(binding));
      const text = plain && decodeUtf8(plain);
      return text === null ? null : plainPayload.read(key, text, owner);
    },
  };
}

function boundTo(marker: string, kid: number, key: string, { userId, createdAt }: Owner): string {
  const record = `record\n${kid}\n${key}`;
  return marker === SEALED ? record : `${record}\n${createdAt}\n${userId ?? ""}`;
}
