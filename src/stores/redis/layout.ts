/**
 * The names of all keys and of the channel, and what they are made of: the prefix, the buckets that spread records
 * over the slots of a Cluster, and the names of users.
 */
import type { SessionKey } from "../../record.ts";
import { fromText, toText } from "../parts/text.ts";

/**
 * The names of the keys. What stands in braces decides the slot in a Cluster, and names are the same on a single
 * server.
 *
 * | key | holds |
 * |---|---|
 * | `r{A3}AbC…` | a record |
 * | `e{A3}` | the global epoch as the records of this bucket know it (Cluster only) |
 * | `u{ann}` | a user's sessions: sorted set, scored by `createdAt` |
 * | `v{ann}` | the user's epoch |
 * | `p{ann}` | who was registered in the last minute (Cluster only) |
 * | `t{ann}` | the instant of the user's last revocation |
 * | `i{A3}` | the instant of everybody's last revocation as this bucket knows it (Cluster only) |
 * | `epoch`, `instant` | the global epoch, and its instant |
 * | `h{A3}…` | for a moment, what `health()` writes |
 */
export interface Layout {
  readonly prefix: string;
  record(key: SessionKey): string;
  /** Undoes `record`; undefined for another key. */
  keyOf(name: string): SessionKey | undefined;
  /** A pattern for SCAN that finds the records. */
  readonly pattern: string;
  bucketEpoch(bucket: string): string;
  bucketInstant(bucket: string): string;
  index(user: string): string;
  epoch(user: string): string;
  instant(user: string): string;
  recent(user: string): string;
  readonly globalEpoch: string;
  readonly globalInstant: string;
  probe(bucket: string, mark: string): string;
  readonly channel: string;
}

const FIRST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SECOND = "0123456789abcdef";

/** What a bucket is named that no session of ours is in: of keys that are no base64url. */
const ODD = "_x";

/**
 * 1,024 buckets, of the first two characters of a key, which is uniformly random. Each is in one slot, so
 * they spread a Cluster's load, and `clear` can leave its mark in every one of them.
 */
export function bucketOf(member: string): string {
  if (!/^[\w-]{2}/.test(member)) return ODD;
  return `${member[0]}${(member.charCodeAt(1) % 16).toString(16)}`;
}

export function allBuckets(): readonly string[] {
  return [ODD, ...[...FIRST].flatMap((first) => [...SECOND].map((second) => first + second))];
}

/** A user's name in keys and in records: ASCII without braces, spaces and line ends. */
export function userName(userId: string): string {
  if (/^[\w.~-]+$/.test(userId)) return userId; // as most are, and it is asked for with every write
  return encodeURIComponent(toText(userId));
}

export function userIdOf(name: string): string {
  return fromText(decodeURIComponent(name));
}

export function makeLayout(prefix: string): Layout {
  const escaped = prefix.replace(/[*?[\]\\]/g, "\\$&");
  return {
    prefix,
    record(key) {
      // One of ours, and nothing to escape.
      if (/^[\w-]{2,}$/.test(key)) return `${prefix}r{${key[0]}${SECOND[key.charCodeAt(1) % 16]}}${key}`;
      const member = toText(key);
      return `${prefix}r{${bucketOf(member)}}${member}`;
    },
    keyOf(name) {
      const start = `${prefix}r{`.length;
      return name.startsWith(`${prefix}r{`) && name[start + 2] === "}" ? fromText(name.slice(start + 3)) : undefined;
    },
    pattern: `${escaped}r{*`,
    bucketInstant: (bucket) => `${prefix}i{${bucket}}`,
    bucketEpoch: (bucket) => `${prefix}e{${bucket}}`,
    index: (user) => `${prefix}u{${user}}`,
    epoch: (user) => `${prefix}v{${user}}`,
    instant: (user) => `${prefix}t{${user}}`,
    recent: (user) => `${prefix}p{${user}}`,
    globalEpoch: `${prefix}epoch`,
    globalInstant: `${prefix}instant`,
    probe: (bucket, mark) => `${prefix}h{${bucket}}${mark}`,
    channel: `${prefix}ended`,
  };
}
