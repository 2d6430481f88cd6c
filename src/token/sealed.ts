/**
 * The sealed cookie: base64url(format:1 | kid:1 | XAES-256-GCM(id:18 | generation:4 | head | data)).
 *
 * `head` is one line in tracked mode (the store has the record): the version of the data's shape. In stateless mode it
 * is two lines, the record's times and user, and the meta. The additional data binds format, key, audience, purpose and
 * cookie name, so a value cannot be moved to another cookie, application or use. One failure for every defect.
 */
import { chain } from "../awaitable.ts";
import * as base64url from "../crypto/base64url.ts";
import type { KeyRing } from "../crypto/keyring.ts";
import { decode as decodeUtf8, encode as encodeUtf8 } from "../crypto/utf8.ts";
import type { Times } from "../record/held.ts";
import { decodeMeta, encodeMeta } from "../record/meta.ts";
import { ID_BYTES } from "./identity.ts";
import type { Bearer, Claims, Issue } from "./token.ts";

const FORMAT = 1;
/** Format and key. */
const HEADER_BYTES = 2;
const HEAD_AT = ID_BYTES + 4;
const NEWLINE = 10;

export interface SealedOptions {
  readonly ring: KeyRing;
  readonly audience: string;
  /** The cookie's name, or the transport's where there is no cookie. */
  readonly place: string;
  /** Whether the record is in the seal too (stateless). */
  readonly everything: boolean;
}

export function sealedBearer({ ring, audience, place, everything }: SealedOptions): Bearer {
  const contexts = new Map<number, Uint8Array>();
  const purpose = everything ? "stateless" : "tracked";
  const context = (kid: number): Uint8Array => {
    let bytes = contexts.get(kid);
    if (!bytes) {
      bytes = encodeUtf8(JSON.stringify([FORMAT, kid, audience, purpose, place]));
      contexts.set(kid, bytes);
    }
    return bytes;
  };
  return {
    carries: everything ? "everything" : "data",
    kidOf: (value) => base64url.decode(value.slice(0, 4))?.[1],
    read(value) {
      const bytes = base64url.decode(value);
      if (!bytes || bytes.length < HEADER_BYTES || bytes[0] !== FORMAT) return "foreign";
      const kid = bytes[1] as number;
      if (ring.isRevoked(kid)) return "revoked-key";
      const key = ring.find(kid);
      if (!key) return "foreign";
      return chain(key.xaes(purpose), (xaes) =>
        chain(
          xaes.open(bytes.subarray(HEADER_BYTES), context(kid)),
          (plain) => (plain && readPlain(plain, everything, key !== ring.active)) ?? "foreign",
        ),
      );
    },
    issue(issue) {
      const kid = ring.active.kid;
      return chain(ring.active.xaes(purpose), (xaes) =>
        chain(xaes.seal(writePlain(issue, everything), context(kid), HEADER_BYTES), (bytes) => {
          bytes[0] = FORMAT;
          bytes[1] = kid;
          return base64url.encode(bytes);
        }),
      );
    },
  };
}

function writePlain({ identity, content, record }: Issue, everything: boolean): Uint8Array {
  const { createdAt, seenAt, expiresAt, userId } = record;
  const head = everything
    ? `[${createdAt},${seenAt},${expiresAt},${JSON.stringify(userId ?? null)}]\n${encodeMeta(content.meta)}\n`
    : `${content.meta.version ?? 0}\n`;
  const data = content.encoded;
  const plain = typeof data === "string" ? encodeUtf8(head + data, HEAD_AT) : concat(encodeUtf8(head, HEAD_AT), data);
  plain.set(identity.id);
  new DataView(plain.buffer).setUint32(ID_BYTES, content.meta.generation);
  return plain;
}

/** Only ever sees what we sealed; still returns undefined rather than throw, for a format of another release. */
function readPlain(plain: Uint8Array, everything: boolean, outdated: boolean): Claims | undefined {
  if (plain.length < HEAD_AT) return undefined;
  const id = plain.slice(0, ID_BYTES);
  const generation = new DataView(plain.buffer, plain.byteOffset).getUint32(ID_BYTES);
  const lineEnd = plain.indexOf(NEWLINE, HEAD_AT);
  if (lineEnd === -1) return undefined;
  const line = decodeUtf8(plain.subarray(HEAD_AT, lineEnd));
  if (line === null) return undefined;
  if (!everything) {
    return /^\d{1,10}$/.test(line)
      ? { id, generation, outdated, version: Number(line), encoded: plain.subarray(lineEnd + 1) }
      : undefined;
  }
  const metaEnd = plain.indexOf(NEWLINE, lineEnd + 1);
  if (metaEnd === -1) return undefined;
  const record = readTimes(line);
  const meta = decodeMeta(decodeUtf8(plain.subarray(lineEnd + 1, metaEnd)) ?? "");
  return meta && record ? { id, generation, outdated, record, meta, encoded: plain.subarray(metaEnd + 1) } : undefined;
}

function readTimes(json: string): Times | undefined {
  try {
    const [createdAt, seenAt, expiresAt, userId] = JSON.parse(json) as [number, number, number, string | null];
    return { createdAt, seenAt, expiresAt, userId: userId ?? undefined };
  } catch {
    return undefined;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
