/**
 * How copies and tombstones get into the near store and out of it; when they do is decided in `cache.ts`.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord } from "../../record.ts";
import type { Store } from "../store.ts";
import type { Copy } from "./entry.ts";
import { isTombstone, readCopy, tombstone, writeCopy } from "./entry.ts";

/** Tries of a compare-and-set in the near store; only other processes that share it stand in the way. */
const TRIES = 16;

/**
 * The near store as a place for copies and tombstones. Everything is compare-and-set, so that a near store which
 * several processes share (Redis before PostgreSQL) keeps a tombstone whoever else writes.
 */
export class Near {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #maxStaleness: number;
  readonly #tombstoneFor: number;

  constructor(store: Store, clock: Clock, maxStaleness: number, tombstoneFor: number) {
    this.#store = store;
    this.#clock = clock;
    this.#maxStaleness = maxStaleness;
    this.#tombstoneFor = tombstoneFor;
  }

  /** A copy that is young enough, and live; undefined when there is none, or the near store fails. */
  async read(key: SessionKey): Promise<StoredRecord | undefined> {
    const found = await this.#store.get(key).catch(() => null);
    const copy = found === null ? undefined : readCopy(found);
    return copy && this.#isFresh(copy) ? copy.record : undefined;
  }

  /** Whether there is anything to bury; when the near store fails, there may be. */
  async holds(key: SessionKey): Promise<boolean> {
    const found = await this.#store.get(key).catch(() => undefined);
    return found !== null;
  }

  /** A clock that stepped back makes a copy look as if it came from the future: its age is not known. */
  #isFresh({ record, asOf }: Copy): boolean {
    const now = this.#clock();
    return asOf <= now && now < asOf + this.#maxStaleness && now < record.expiresAt;
  }

  /** Puts a copy in, in the place of any other, but of no tombstone. */
  async put(key: SessionKey, copy: Copy): Promise<void> {
    if (!this.#isFresh(copy)) return this.drop(key);
    const record = writeCopy(copy, this.#maxStaleness);
    try {
      await this.#replace(key, record, (found) => !isTombstone(found));
    } catch {
      // Too large, say. What was there before it must not be served in its place.
      await this.drop(key);
    }
  }

  /** Changes a copy that is there, which stays as old as it is: of the rest no more is known than before. */
  async change(key: SessionKey, changes: (before: StoredRecord) => StoredRecord): Promise<void> {
    for (let turn = 0; turn < TRIES; turn++) {
      const found = await this.#store.get(key);
      if (found === null || isTombstone(found)) return;
      const copy = readCopy(found);
      if (!copy || !this.#isFresh(copy)) return this.drop(key);
      const next = writeCopy({ record: changes(copy.record), asOf: copy.asOf }, this.#maxStaleness);
      const result = await this.#store.update(key, next, found.version).catch(() => undefined);
      // Too large, say. What was there before it must not be served in its place.
      if (result === undefined) return this.drop(key);
      if (result.status !== "conflict") return;
    }
    await this.drop(key);
  }

  /** Takes a copy out; a tombstone stays. A deadline in the past is a delete that can be compared. */
  async drop(key: SessionKey): Promise<void> {
    for (let turn = 0; turn < TRIES; turn++) {
      const found = await this.#store.get(key);
      if (found === null || isTombstone(found)) return;
      const result = await this.#store.update(key, { ...found, expiresAt: 0 }, found.version);
      if (result.status !== "conflict") return;
    }
  }

  /** Takes a copy out and lets none in for as long as the longest request; rejects when that cannot be had. */
  async bury(key: SessionKey): Promise<void> {
    const now = this.#clock();
    if (await this.#replace(key, tombstone(now, now + this.#tombstoneFor), () => true)) return;
    throw new SessionError(
      "SOJOURN_STORE_UNAVAILABLE",
      `The store "${this.#store.name}" could not be told that a session ended: other writers came first ${TRIES} ` +
        "times.",
    );
  }

  /** Insert or compare-and-set, until it is done (true) or what is there is to stay or keeps changing (false). */
  async #replace(key: SessionKey, record: SessionRecord, may: (found: StoredRecord) => boolean): Promise<boolean> {
    for (let turn = 0; turn < TRIES; turn++) {
      if ((await this.#store.create(key, record)) !== null) return true;
      const found = await this.#store.get(key);
      if (found === null) continue;
      if (!may(found)) return false;
      const result = await this.#store.update(key, record, found.version);
      if (result.status === "ok") return true;
    }
    return false;
  }
}
