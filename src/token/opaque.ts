/**
 * The opaque token: base64url(kid:1 | id:18 | generation:4 | tag:16), 39 bytes in 52 characters.
 *
 * The tag is checked before any store is asked, so garbage costs no round trip, and a generation that
 * passes was really issued by us: an old one is a replay, a made-up one is noise.
 */
import { platform } from "#crypto";
import { chain } from "../crypto/awaitable.ts";
import * as base64url from "../crypto/base64url.ts";
import type { Key, KeyRing } from "../crypto/keyring.ts";
import type { Awaitable } from "../crypto/platform.ts";
import { ID_BYTES } from "./identity.ts";
import type { Bearer } from "./token.ts";

const TAG_BYTES = 16;
const SIGNED_BYTES = 1 + ID_BYTES + 4;
const TOKEN_BYTES = SIGNED_BYTES + TAG_BYTES;
const TOKEN_CHARACTERS = (TOKEN_BYTES * 4) / 3;

/** The key's own derivation (HKDF with this purpose) keeps tags apart from every other use of the secret. */
const PURPOSE = "token";

export function tokenBearer(ring: KeyRing): Bearer {
  return {
    carries: "nothing",
    kidOf: (value) => base64url.decode(value.slice(0, 4))?.[0],
    read(value) {
      if (value.length !== TOKEN_CHARACTERS) return "foreign";
      const bytes = base64url.decode(value);
      if (!bytes) return "foreign";
      const kid = bytes[0] as number;
      if (ring.isRevoked(kid)) return "revoked-key";
      const key = ring.find(kid);
      if (!key) return "foreign";
      // Copies, not views: so few bytes are cheaper to copy than the buffer behind them is to lay open.
      return chain(tagOf(key, bytes.slice(0, SIGNED_BYTES)), (tag) => {
        if (!platform.equal(tag, bytes.slice(SIGNED_BYTES))) return "foreign";
        return {
          id: bytes.slice(1, 1 + ID_BYTES),
          generation: uint32At(bytes, 1 + ID_BYTES),
          outdatedKey: key !== ring.active,
        };
      });
    },
    issue({ identity, content }) {
      const bytes = new Uint8Array(TOKEN_BYTES);
      bytes[0] = ring.active.kid;
      bytes.set(identity.id, 1);
      new DataView(bytes.buffer).setUint32(1 + ID_BYTES, content.meta.generation);
      return chain(tagOf(ring.active, bytes.slice(0, SIGNED_BYTES)), (tag) => {
        bytes.set(tag, SIGNED_BYTES);
        return base64url.encode(bytes);
      });
    },
  };
}

function tagOf(key: Key, signed: Uint8Array): Awaitable<Uint8Array> {
  return chain(key.mac(PURPOSE), (mac) => chain(mac(signed), (tag) => tag.slice(0, TAG_BYTES)));
}

/** Big-endian, as it is written. */
function uint32At(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
