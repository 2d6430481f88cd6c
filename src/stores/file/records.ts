/**
 * The records of a file store on disk: the text of each, the entries beside them by user, and the replacement of one
 * by another in a single rename.
 */
import { randomBytes } from "node:crypto";
import { rmdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { setImmediate, setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Entry } from "../store.ts";
import type { Disk } from "./disk.ts";
import type { Layout } from "./layout.ts";
import { recordHash, recordLock } from "./layout.ts";
import type { Locks } from "./lock.ts";

/** A file as it was found. */
interface Found extends Entry {
  /** This record takes the place of the one with this key, and is there as soon as that one says so. */
  readonly after: SessionKey | undefined;
  /** This record was replaced by the one that has this version. */
  readonly replacedBy: Version | undefined;
}

/** Records as files, and beside them an empty file for each session of a user. */
export class Records {
  readonly #disk: Disk;
  readonly #locks: Locks;
  readonly #layout: Layout;

  constructor(disk: Disk, locks: Locks, layout: Layout) {
    this.#disk = disk;
    this.#locks = locks;
    this.#layout = layout;
  }

  /** The record of a key, expired or not; null when there is none or the file is damaged. */
  read(key: SessionKey): StoredRecord | null {
    const found = this.readHash(recordHash(key));
    // Two texts with halves of surrogate pairs can have one hash.
    return found?.key === key ? found.record : null;
  }

  readHash(hash: string): Entry | null {
    const found = this.#find(hash);
    return found && this.#isThere(found) ? found : null;
  }

  /** The record of a key, also where it was to replace another one and did not. For who cleans up. */
  readAny(key: SessionKey): StoredRecord | null {
    const found = this.#find(recordHash(key));
    return found?.key === key ? found.record : null;
  }

  /** Runs the work while nobody else can change the records. */
  locked<T>(keys: readonly SessionKey[], work: () => Promise<T>): Promise<T> {
    return this.#locks.holdAll([...new Set(keys.map((key) => recordLock(recordHash(key))))], work);
  }

  /**
   * Writes a record; the caller has its lock. The user's entry is there before the record and goes after
   * it: a kill in between leaves an entry too many, never a session that a revocation would not find.
   *
   * @param version The version to keep, as a touch does; a new one when absent.
   */
  async write(
    key: SessionKey,
    record: SessionRecord,
    before: StoredRecord | null,
    version?: Version,
  ): Promise<Version> {
    const next = version ?? freshVersion();
    await this.#put(key, record, before, next);
    return next;
  }

  /**
   * Puts one record in the place of another; the caller has the locks of both. The new one is written first, and is not
   * there for anybody until the old one says by whom it was replaced: so a single rename does both, also for who reads
   * without a lock and for who comes after a kill.
   *
   * @param expired What lies at the new key.
   * @param live The old record as it is.
   */
  async replace(
    key: SessionKey,
    record: SessionRecord,
    expired: StoredRecord | null,
    old: { readonly key: SessionKey; readonly live: StoredRecord; readonly next: SessionRecord },
  ): Promise<Version> {
    const version = freshVersion();
    await this.#put(key, record, expired, version, { after: old.key });
    try {
      await this.#put(old.key, old.next, old.live, freshVersion(), { replacedBy: version });
    } catch (error) {
      // Not when that write was done after all, and only its way to the device failed.
      if (!this.read(key)) await this.remove(key, { ...record, version }).catch(() => {});
      throw error;
    }
    // The tombstone will not stay for long, and the new record must not need it any more.
    await this.#put(key, record, { ...record, version }, version);
    return version;
  }

  async #put(
    key: SessionKey,
    record: SessionRecord,
    before: StoredRecord | null,
    version: Version,
    link: { readonly after?: SessionKey; readonly replacedBy?: Version } = {},
  ): Promise<void> {
    const hash = recordHash(key);
    const { payload, userId, createdAt, seenAt, expiresAt } = record;
    if (userId !== undefined && userId !== before?.userId) {
      await this.#disk.mark(this.#layout.userEntry(userId, hash));
    }
    const text = JSON.stringify({ key, version, ...link, userId, createdAt, seenAt, expiresAt, payload });
    await this.#disk.write(this.#layout.record(hash), text);
    if (before?.userId !== undefined && before.userId !== userId) await this.#unlist(before.userId, hash);
  }

  #find(hash: string): Found | null {
    const text = this.#disk.read(this.#layout.record(hash));
    return text === null ? null : parse(text);
  }

  #isThere({ after, record }: Found): boolean {
    return after === undefined || this.#find(recordHash(after))?.replacedBy === record.version;
  }

  /** Removes a record; the caller has its lock. */
  async remove(key: SessionKey, record: StoredRecord): Promise<void> {
    const hash = recordHash(key);
    await this.#disk.remove(this.#layout.record(hash));
    if (record.userId !== undefined) await this.#unlist(record.userId, hash);
  }

  /** A user's records, expired ones too, in the order of the listing. Entries that lead nowhere are removed. */
  async ofUser(userId: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    const pause = pauses();
    for (const hash of await this.#disk.names(this.#layout.user(userId))) {
      const found = this.readHash(hash);
      if (found?.record.userId === userId) entries.push(found);
      else await this.#heal(userId, hash);
      await pause();
    }
    return entries.sort((a, b) => a.record.createdAt - b.record.createdAt || (a.key < b.key ? -1 : 1));
  }

  /**
   * All records, expired ones too, in the order of their hashes.
   *
   * @param after The hash to go on from; from the beginning when empty.
   */
  async *all(
    after = "",
    read: (hash: string) => Entry | null = (hash) => this.readHash(hash),
  ): AsyncGenerator<{ readonly hash: string; readonly entry: Entry }, void, undefined> {
    const pause = pauses();
    for (const shard of await this.#disk.names(this.#layout.records)) {
      if (shard < after.slice(0, 2)) continue;
      for (const hash of await this.#disk.names(join(this.#layout.records, shard))) {
        if (hash <= after) continue;
        const entry = read(basename(hash));
        if (entry) yield { hash, entry };
        await pause();
      }
    }
  }

  /** Also those that were to replace another one and did not. */
  allFiles(): ReturnType<Records["all"]> {
    return this.all("", (hash) => this.#find(hash));
  }

  async #heal(userId: string, hash: string): Promise<void> {
    // Under the lock, because an entry without a record is also what the middle of a login looks like.
    await this.#locks.hold(recordLock(hash), async () => {
      if (this.readHash(hash)?.record.userId !== userId) await this.#unlist(userId, hash);
    });
  }

  async #unlist(userId: string, hash: string): Promise<void> {
    await this.#disk.remove(this.#layout.userEntry(userId, hash));
    // Fails while there are other sessions, which is as well.
    await rmdir(this.#layout.user(userId)).catch(() => {});
  }
}

/** Null for anything that this store did not write. */
function parse(text: string): Found | null {
  let found: Partial<Record<string, unknown>>;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null) return null;
  const { key, version, userId, createdAt, seenAt, expiresAt, payload, after, replacedBy } = found;
  if (typeof key !== "string" || typeof version !== "string" || typeof payload !== "string") return null;
  if (typeof createdAt !== "number" || typeof seenAt !== "number" || typeof expiresAt !== "number") return null;
  if (userId !== undefined && typeof userId !== "string") return null;
  if (after !== undefined && typeof after !== "string") return null;
  const record = { payload, userId, createdAt, seenAt, expiresAt, version };
  return { key, record, after, replacedBy: typeof replacedBy === "string" ? replacedBy : undefined };
}

function freshVersion(): Version {
  return randomBytes(9).toString("base64url");
}

/** Lets other work in between now and then, every half a millisecond or so: files are read at once, one by one. */
function pauses(): () => Promise<void> {
  let count = 0;
  return async () => {
    count += 1;
    if (count % 16 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  };
}

/** Milliseconds of work after which upkeep rests. */
const SPELL = 2;

/** For upkeep, which nobody is in a hurry for: after every few milliseconds of work a rest that is as long. */
export function rests(): () => Promise<void> {
  let start = stopwatchNow();
  return async () => {
    const worked = stopwatchNow() - start;
    if (worked < SPELL) return;
    await new Promise<void>((resolve) => setTimeout(resolve, Math.min(worked, 100)));
    start = stopwatchNow();
  };
}
