/**
 * The opaque token: base64url(kid:1 | id:18 | generation:4 | tag:16), 39 bytes in 52 characters.
 *
 * The tag is checked before any store is asked, so garbage costs no round trip, and a generation that
 * passes was really issued by us: an old one is a replay, a made-up one is noise. The tag covers the place, too: a
 * cookie that is renamed into that of another application with the same secret proves nothing there. The purpose and
 * the audience are in the key (HKDF).
 */
import { platform } from "#crypto";
import { type Awaitable, chain } from "../awaitable.ts";
import * as base64url from "../crypto/base64url.ts";
import type { Key, KeyRing } from "../crypto/keyring.ts";
import { encode as encodeUtf8 } from "../crypto/utf8.ts";
import { ID_BYTES } from "./identity.ts";
import type { Bearer, Claims } from "./token.ts";

const TAG_BYTES = 16;
const SIGNED_BYTES = 1 + ID_BYTES + 4;
const TOKEN_BYTES = SIGNED_BYTES + TAG_BYTES;
const TOKEN_CHARACTERS = (TOKEN_BYTES * 4) / 3;

/** The key's own derivation (HKDF with this purpose) keeps tags apart from every other use of the secret. */
const PURPOSE = "token in its place";

/**
 * Tags of release 0.1, which covered no place. None is made any more, and whoever presents one is handed another as if
 * its key were outdated: from then on the old one is a predecessor, and then a replay.
 */
const PURPOSE_WITHOUT_PLACE = "token";
const NOWHERE = new Uint8Array(0);

/**
 * @param place The cookie's name, or the transport's where there is no cookie.
 */
export function tokenBearer(ring: KeyRing, place: string): Bearer {
  const here = encodeUtf8(place);
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
      const found = bytes.slice(SIGNED_BYTES);
      const claims = (outdated: boolean): Claims => ({
        id: bytes.slice(1, 1 + ID_BYTES),
        generation: uint32At(bytes, 1 + ID_BYTES),
        outdated,
      });
      return chain(tagOf(key, PURPOSE, bytes, here), (tag) => {
        if (platform.equal(tag, found)) return claims(key !== ring.active);
        return chain(tagOf(key, PURPOSE_WITHOUT_PLACE, bytes, NOWHERE), (old) =>
          platform.equal(old, found) ? claims(true) : "foreign",
        );
      });
    },
    issue({ identity, content }) {
      const bytes = new Uint8Array(TOKEN_BYTES);
      bytes[0] = ring.active.kid;
      bytes.set(identity.id, 1);
      new DataView(bytes.buffer).setUint32(1 + ID_BYTES, content.meta.generation);
      return chain(tagOf(ring.active, PURPOSE, bytes, here), (tag) => {
        bytes.set(tag, SIGNED_BYTES);
        return base64url.encode(bytes);
      });
    },
  };
}

/** The place comes last, behind parts of fixed length, so that no two pairs of token and place have one message. */
function tagOf(key: Key, purpose: string, token: Uint8Array, place: Uint8Array): Awaitable<Uint8Array> {
  const message = new Uint8Array(SIGNED_BYTES + place.length);
  for (let at = 0; at < SIGNED_BYTES; at++) message[at] = token[at] as number;
  message.set(place, SIGNED_BYTES);
  return chain(key.mac(purpose), (mac) => chain(mac(message), (tag) => tag.slice(0, TAG_BYTES)));
}

/** Big-endian, as it is written. */
function uint32At(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
