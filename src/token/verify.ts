/**
 * What a client's value proves, remembered from the second time it comes: requests of one client come in bursts, and
 * all but the first two then cost a look-up and no cryptography. A value that comes once costs no memory.
 *
 * A value proves the same for as long as the key ring lives, which is never changed; whether the session is alive is
 * not remembered but judged with each request. Only what verified is kept, so noise neither fills the memory nor pushes
 * others out, and finding a value takes the whole of it: a guess learns nothing from how long that took.
 */

import { type Awaitable, chain } from "../awaitable.ts";
import type { Codec } from "../codec/codec.ts";
import { decode, encode } from "../crypto/utf8.ts";
import type { RejectReason } from "../events.ts";
import { type Encoded, toFormat } from "../record/payload.ts";
import { type Identity, identityOf } from "./identity.ts";
import type { Bearer, Claims } from "./token.ts";

/** Claims, with what follows from them. */
export interface Verified {
  readonly claims: Claims;
  readonly identity: Identity;
  /** The data that the value carries, as the codec left it; undefined when it carries none. */
  readonly encoded: Encoded | undefined;
}

export type Verify = (value: string) => Awaitable<Verified | RejectReason>;

/** Values of a generation of the memory, and their characters: a megabyte at most. There are two generations. */
const MOST_VALUES = 1_000;
const MOST_CHARACTERS = 2 ** 20;

export function createVerify(bearer: Bearer, codec: Codec): Verify {
  let recent = new Map<string, Verified>();
  let older = recent;
  let characters = 0;
  const cameOnce = createMarks();

  /** What is asked for again moves to the recent ones; the rest is forgotten when those are full. */
  const remember = (value: string, verified: Verified): Verified => {
    if (recent.size >= MOST_VALUES || characters + value.length > MOST_CHARACTERS) {
      older = recent;
      recent = new Map();
      characters = 0;
    }
    recent.set(value, verified);
    characters += value.length;
    return verified;
  };

  const verify = (value: string, claims: Claims): Awaitable<Verified | RejectReason> => {
    const encoded = claims.encoded === undefined ? undefined : toFormat(codec, claims.encoded);
    if (encoded === null) return "corrupt";
    return chain(identityOf(claims.id), (identity) => {
      const verified = { claims, identity, encoded };
      return cameOnce(value) ? remember(ownCopy(value), verified) : verified;
    });
  };

  return (value) => {
    const known = recent.get(value);
    if (known) return unshared(known);
    const faded = older.get(value);
    if (faded) return unshared(remember(ownCopy(value), faded));
    return chain(bearer.read(value), (claims) => (typeof claims === "string" ? claims : verify(value, claims)));
  };
}

/** What a codec decodes may be a view on the bytes that it was given; the application changes it. */
function unshared(verified: Verified): Verified {
  const { claims, identity, encoded } = verified;
  return typeof encoded === "object" ? { claims, identity, encoded: encoded.slice() } : verified;
}

/** How many of the last values are known to have come, by 32 bits of each. */
const MARKS = 4_096;

/** Marks a value, and tells whether it was marked before; wrongly so once in a million times, which does no harm. */
function createMarks(): (value: string) => boolean {
  const marks = new Int32Array(MARKS);
  return (value) => {
    let mark = 0;
    // The end of a value is its tag, whose letters are random: as good as a hash.
    for (let at = Math.max(0, value.length - 10); at < value.length; at++)
      mark = Math.imul(mark, 31) + value.charCodeAt(at);
    const known = marks[mark & (MARKS - 1)] === mark;
    marks[mark & (MARKS - 1)] = mark;
    return known;
  };
}

/** A value is a slice of the header that it came in, and would keep all of that in memory. */
function ownCopy(value: string): string {
  return decode(encode(value)) ?? value;
}
