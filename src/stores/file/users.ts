/**
 * The verbs that need the locks of users: logins, replacements and revocations, of one user or of all.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";
import { keepingTouch } from "../parts/times.ts";
import type { Admission, AdmitResult, DeleteAllOptions, Replaced, ReplaceResult } from "../store.ts";
import type { Epochs } from "./epochs.ts";
import { replacementLocks, USER_LOCKS, userLock } from "./layout.ts";
import type { LiveRecords } from "./live.ts";
import type { Locks } from "./lock.ts";

export class Users {
  readonly #live: LiveRecords;
  readonly #epochs: Epochs;
  readonly #locks: Locks;
  readonly #onEnded: (keys: readonly SessionKey[]) => void;

  constructor(live: LiveRecords, epochs: Epochs, locks: Locks, onEnded: (keys: readonly SessionKey[]) => void) {
    this.#live = live;
    this.#epochs = epochs;
    this.#locks = locks;
    this.#onEnded = onEnded;
  }

  admit(
    key: SessionKey,
    record: SessionRecord & { readonly userId: string },
    admission: Admission,
  ): Promise<AdmitResult> {
    const { records } = this.#live;
    return this.#locks.hold(userLock(record.userId), () =>
      records.locked([key], () =>
        this.#enter(key, record, admission, undefined, () => records.write(key, record, records.read(key))),
      ),
    );
  }

  async replace(
    key: SessionKey,
    record: SessionRecord,
    old: Replaced,
    admission: Admission | undefined,
  ): Promise<ReplaceResult> {
    // Locks of users come before those of records, so whose the old record is has to be known before it can be held.
    for (;;) {
      const userId = this.#live.get(old.key)?.userId;
      const result = await this.#locks.holdAll(replacementLocks([userId, record.userId], key), () =>
        this.#live.records.locked([key, old.key], () => this.#replace(key, record, old, admission, userId)),
      );
      if (result !== undefined) return result;
    }
  }

  /** Undefined when the old record has become another user's. */
  async #replace(
    key: SessionKey,
    record: SessionRecord,
    old: Replaced,
    admission: Admission | undefined,
    userId: string | undefined,
  ): Promise<ReplaceResult | undefined> {
    const live = this.#live.get(old.key);
    if (!live) return { status: "gone" };
    if (live.version !== old.version) return { status: "conflict", current: live };
    if (live.userId !== userId) return undefined;
    const { records } = this.#live;
    const next = keepingTouch(live, old.record);
    return this.#enter(key, record, admission, old.key, async () => {
      const version = await records.replace(key, record, records.read(key), { key: old.key, live, next });
      this.#onEnded([old.key]);
      return version;
    });
  }

  /** The caller has the locks. `instead` is the key of a record that does not count for the limit. */
  async #enter(
    key: SessionKey,
    record: SessionRecord,
    admission: Admission | undefined,
    instead: SessionKey | undefined,
    write: () => Promise<string | number>,
  ): Promise<AdmitResult> {
    const { userId } = record;
    const subject = userId === undefined ? undefined : admission;
    if (subject && this.#epochs.isRevoked(userId as string, subject)) return { status: "revoked" };
    if (this.#live.get(key)) return { status: "exists" };
    const { limit = Number.POSITIVE_INFINITY, onLimit = "evict-oldest" } = subject ?? {};
    const present = Number.isFinite(limit) ? await this.#live.ofUser(userId as string) : [];
    const others = present.filter((entry) => entry.key !== instead);
    const over = others.slice(0, Math.max(0, others.length + 1 - Math.max(1, limit)));
    if (over.length > 0 && onLimit === "reject") return { status: "limit" };
    const evicted: SessionKey[] = [];
    for (const other of over)
      if (await this.#live.end(other.key, (found) => found.userId === userId)) evicted.push(other.key);
    this.#onEnded(evicted);
    return { status: "ok", version: await write(), evicted };
  }

  deleteAll(userId: string, options: DeleteAllOptions): Promise<readonly SessionKey[] | null> {
    const { except, limit = 1000, at } = options;
    // To the end, or a replacement in between would carry one of them on, and two calls could each end the other's.
    return this.#locks.hold(userLock(userId), async () => {
      if (except !== undefined && this.#live.get(except)?.userId !== userId) return null;
      await this.#epochs.moveUser(userId, at);
      const ended: SessionKey[] = [];
      for (const { key } of await this.#live.records.ofUser(userId)) {
        if (ended.length >= limit) break;
        if (key !== except && (await this.#live.end(key, (record) => record.userId === userId))) ended.push(key);
      }
      this.#onEnded(ended);
      return ended;
    });
  }

  async clear({ limit = 1000, at }: Omit<DeleteAllOptions, "except">): Promise<readonly SessionKey[]> {
    await this.#epochs.moveEverybody(at);
    const ended: SessionKey[] = [];
    await this.#endAll(limit, ended);
    // Once more while nobody logs in or replaces: one that was passed by may have been carried on behind our back.
    if (ended.length < limit) await this.#locks.holdAll(USER_LOCKS, () => this.#endAll(limit, ended));
    this.#onEnded(ended);
    return ended;
  }

  async #endAll(limit: number, ended: SessionKey[]): Promise<void> {
    for await (const { entry } of this.#live.records.all()) {
      if (ended.length >= limit) return;
      if (await this.#live.end(entry.key)) ended.push(entry.key);
    }
  }
}
