/**
 * The paths in a file store's directory and the names of its locks; nothing is read or written here.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { SessionKey } from "../../record.ts";
import { toText } from "../parts/text.ts";

/**
 * Hexadecimal, because some file systems take "a" and "A" for one name. No name is made from what came from outside.
 */
function hashOf(text: string): string {
  // Halves of surrogate pairs have no bytes of their own: unescaped, two users would share a folder and lose each
  // other's entries.
  return createHash("sha256").update(toText(text)).digest("hex");
}

/** Where things are. Folders by the first two digits, so that none of them grows too large. */
export interface Layout {
  readonly records: string;
  readonly users: string;
  readonly epochs: string;
  readonly locks: string;
  readonly temporary: string;
  /** Notices of sessions that ended. */
  readonly ended: string;
  /** By the hash of a session key. */
  record(hash: string): string;
  /** The folder with a file for each of a user's sessions. */
  user(userId: string): string;
  userEntry(userId: string, hash: string): string;
  userEpoch(userId: string): string;
  readonly everybodysEpoch: string;
}

export function layoutOf(directory: string): Layout {
  const at = (folder: string, hash: string): string => join(directory, folder, hash.slice(0, 2), hash);
  return {
    records: join(directory, "records"),
    users: join(directory, "users"),
    epochs: join(directory, "epochs"),
    locks: join(directory, "locks"),
    temporary: join(directory, "temporary"),
    ended: join(directory, "ended"),
    record: (hash) => at("records", hash),
    user: (userId) => at("users", hashOf(userId)),
    userEntry: (userId, hash) => join(at("users", hashOf(userId)), hash),
    userEpoch: (userId) => join(directory, "epochs", hashOf(userId)),
    everybodysEpoch: join(directory, "epochs", "everybody"),
  };
}

/** The lock for everything that happens to one record. */
export function recordLock(hash: string): string {
  return `record-${hash}`;
}

const DIGITS = "0123456789abcdef";

/** The lock for logins and revocations of a sixteenth of all users. */
export function userLock(userId: string): string {
  return `users-${hashOf(userId)[0] ?? "0"}`;
}

/**
 * The locks of a replacement: those of both users, so that no revocation of either sees one half of it. Without users
 * the one of the key, for who ends everything has all of them.
 */
export function replacementLocks(users: readonly (string | undefined)[], key: SessionKey): readonly string[] {
  const names = users.flatMap((userId) => (userId === undefined ? [] : [userLock(userId)]));
  return names.length === 0 ? [userLock(key)] : [...new Set(names)];
}

/** Who has all of these has stopped every login. */
export const USER_LOCKS: readonly string[] = [...DIGITS].map((digit) => `users-${digit}`);

/** A record's own name for its key. */
export function recordHash(key: SessionKey): string {
  return hashOf(key);
}
