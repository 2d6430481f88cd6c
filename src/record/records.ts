/**
 * The records of one manager, and the only caller of its store: each verb is one call, with a deadline, with the
 * payload written and read. A write whose answer was lost is looked up, so that one lost answer neither ends a session
 * nor leaves one behind.
 */

import { type Awaitable, chain, quickest } from "../awaitable.ts";
import type { Codec } from "../codec/codec.ts";
import type { SessionKey, StoredRecord } from "../record.ts";
import {
  type Admission,
  type AdmitResult,
  type DeleteAllOptions,
  type Entry,
  type Epoch,
  isClosableStore,
  isEndStore,
  isReplaceStore,
  isScanStore,
  isUserStore,
  isWatchStore,
  type Page,
  type PageRequest,
  type Store,
  type UserStore,
} from "../stores/store.ts";
import { type Admitted, ownOf, type Replaced } from "./admitted.ts";
import { type Attempt, type Build, compareAndSet, type Outcome } from "./compare-and-set.ts";
import type { Ask } from "./deadline.ts";
import type { Held, Next } from "./held.ts";
import { type PayloadFormat, toFormat } from "./payload.ts";
import type { KeyQueue } from "./queue.ts";
import type { Shape } from "./schema.ts";

export interface RecordParts {
  readonly store: Store;
  readonly ask: Ask;
  readonly payload: PayloadFormat;
  readonly codec: Codec;
  readonly shape: Shape;
  readonly queue: KeyQueue;
  /** Which part of the content the record keeps: all, what is not in the client's cookie, or nothing. */
  readonly keeps: "everything" | "meta" | "nothing";
}

/** A session that takes another one's place, and what is left of that one. */
export interface Replacement {
  readonly key: SessionKey;
  readonly next: Next;
  readonly oldKey: SessionKey;
  readonly old: Held;
  readonly grave: Next;
  readonly admission: Admission | undefined;
}

export class Records {
  readonly #parts: RecordParts;
  readonly #store: Store;
  readonly #ask: Ask;

  constructor(parts: RecordParts) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#ask = parts.ask;
  }

  get storeName(): string {
    return this.#store.name;
  }

  get keepsUsers(): boolean {
    return isUserStore(this.#store);
  }

  get canScan(): boolean {
    return isScanStore(this.#store);
  }

  /** Closes the store, when it can be closed. */
  async close(): Promise<void> {
    if (isClosableStore(this.#store)) await this.#store.close();
  }

  /** What is at the key: a record, nothing, or something that cannot be read. */
  load(key: SessionKey): Awaitable<Held | "unknown" | "corrupt"> {
    const stored = this.#ask("get", () => quickest(this.#store.get).call(this.#store, key));
    return chain(stored, (found) =>
      found === null ? "unknown" : chain(this.read(key, found), (held) => held ?? "corrupt"),
    );
  }

  /** What the store has now; undefined when there is nothing, or nothing that can be read. */
  find(key: SessionKey): Awaitable<Held | undefined> {
    return chain(this.load(key), (found) => (typeof found === "string" ? undefined : found));
  }

  /** What a stored record says; null when its payload is damaged or belongs to another key. */
  read(key: SessionKey, stored: StoredRecord): Awaitable<Held | null> {
    const { payload, version, userId, createdAt, seenAt, expiresAt } = stored;
    const { shape, codec } = this.#parts;
    const times = { userId, createdAt, seenAt, expiresAt };
    return chain(this.#parts.payload.read(key, payload, times), (content) => {
      if (!content) return null;
      const encoded = content.encoded === "" ? shape.initialEncoded : toFormat(codec, content.encoded);
      return encoded === null ? null : { times, version, content: { meta: content.meta, encoded } };
    });
  }

  /** Inserts; null when the key is taken. */
  create(key: SessionKey, next: Next): Awaitable<Held | null> {
    return chain(this.#payload(key, next), (payload) => {
      const created = this.#ask("create", () =>
        quickest(this.#store.create).call(this.#store, key, { ...next.times, payload }),
      );
      return chain(created, (version) => (version === null ? null : { ...next, version }));
    });
  }

  /**
   * Inserts under an id that nobody else knows; null when the session was ended meanwhile. An insert that was not
   * answered is looked up.
   */
  async insert(key: SessionKey, next: Next): Promise<Held | null> {
    let done: Held | null;
    try {
      done = await this.create(key, next);
    } catch (error) {
      const there = await this.#settled(key, next, error);
      return there.status === "ok" ? there.held : null;
    }
    if (done) return done;
    const there = await this.#ours(key, next);
    return there.status === "ok" ? there.held : null;
  }

  /** Puts a session back in place of its own tombstone, where that is still the last write. */
  restore(key: SessionKey, grave: Held, last: Held): Awaitable<boolean> {
    return chain(this.#payload(key, last), (payload) => {
      const record = { ...last.times, payload };
      const asked = this.#ask("update", () =>
        quickest(this.#store.update).call(this.#store, key, record, grave.version),
      );
      return chain(asked, ({ status }) => status === "ok");
    });
  }

  /** The one loop that writes an existing record. */
  write(key: SessionKey, start: Held, build: Build): Awaitable<Outcome> {
    return compareAndSet(this.#parts.queue, key, start, (current, attempts) =>
      this.#attempt(key, current, build, attempts),
    );
  }

  /** The same, and those who watch are told that the session ended, where the store has such a verb. */
  end(key: SessionKey, start: Held, build: Build): Awaitable<Outcome> {
    return compareAndSet(this.#parts.queue, key, start, (current, attempts) =>
      this.#attempt(key, current, build, attempts, true),
    );
  }

  /** Whether a tombstone can stay in place of a session that ended, and everybody still hears of the end. */
  get tellsOfEnds(): boolean {
    return isEndStore(this.#store) || !isWatchStore(this.#store);
  }

  touch(key: SessionKey, seenAt: number, expiresAt: number): Awaitable<boolean> {
    return this.#ask("touch", () => quickest(this.#store.touch).call(this.#store, key, seenAt, expiresAt));
  }

  remove(key: SessionKey): Awaitable<boolean> {
    return this.#ask("delete", () => quickest(this.#store.delete).call(this.#store, key));
  }

  /** Whether one step can put a session in the place of another. */
  get replaces(): boolean {
    return isReplaceStore(this.#store);
  }

  /** Puts one session in the place of another in one step. */
  async replace({ key, next, oldKey, old, grave, admission }: Replacement): Promise<Replaced> {
    const store = this.#store;
    if (!isReplaceStore(store)) throw new TypeError("The store cannot replace.");
    const record = { ...next.times, payload: await this.#payload(key, next) };
    const left = { ...grave.times, payload: await this.#payload(oldKey, grave) };
    const ask = (): Awaitable<Awaited<ReturnType<typeof store.replace>>> =>
      quickest(store.replace).call(store, key, record, { key: oldKey, version: old.version, record: left }, admission);
    try {
      const result = await this.#ask("replace", ask);
      if (result.status === "ok") return { ...result, held: { ...next, version: result.version } };
      if (result.status === "exists") return this.#ours(key, next);
      if (result.status === "gone") return { status: "gone" };
      if (result.status !== "conflict") return { status: result.status };
      const current = await this.read(oldKey, result.current);
      return current ? { status: "conflict", current } : { status: "gone" };
    } catch (error) {
      return this.#settled(key, next, error);
    }
  }

  /** Inserts a user's session, exact against revocations and the limit. */
  async admit(key: SessionKey, next: Next, userId: string, admission: Admission): Promise<Admitted> {
    const store = this.#users();
    const record = { ...next.times, userId, payload: await this.#payload(key, next) };
    try {
      const result: AdmitResult = await this.#ask("admit", () =>
        quickest(store.admit).call(store, key, record, admission),
      );
      if (result.status === "ok") return { ...result, held: { ...next, version: result.version } };
      return result.status === "exists" ? this.#ours(key, next) : { status: result.status };
    } catch (error) {
      return this.#settled(key, next, error);
    }
  }

  /** The user's present epoch; undefined where the store keeps no users. */
  epoch(userId: string): Awaitable<Epoch | undefined> {
    const store = this.#store;
    return isUserStore(store) ? this.#ask("epoch", () => quickest(store.epoch).call(store, userId)) : undefined;
  }

  list(userId: string, page: PageRequest): Awaitable<Page<Entry>> {
    const store = this.#users();
    return this.#ask("list", () => store.list(userId, page));
  }

  deleteAll(userId: string, options: DeleteAllOptions): Awaitable<readonly SessionKey[] | null> {
    const store = this.#users();
    return this.#ask("deleteAll", () => store.deleteAll(userId, options));
  }

  scan(page: PageRequest): Awaitable<Page<Entry>> {
    const store = this.#store;
    if (!isScanStore(store)) throw new TypeError("The store cannot be walked through.");
    return this.#ask("scan", () => store.scan(page));
  }

  clear(options: Omit<DeleteAllOptions, "except">): Awaitable<readonly SessionKey[]> {
    const store = this.#store;
    if (!isScanStore(store)) throw new TypeError("The store cannot be walked through.");
    return this.#ask("clear", () => store.clear(options));
  }

  #users(): UserStore {
    const store = this.#store;
    if (!isUserStore(store)) throw new TypeError("The store keeps no users.");
    return store;
  }

  #payload(key: SessionKey, { content, times }: Next): Awaitable<string> {
    const { keeps, payload } = this.#parts;
    // All of it is in the cookie.
    if (keeps === "nothing") return "";
    return payload.write(key, keeps === "everything" ? content : { meta: content.meta, encoded: "" }, times);
  }

  #attempt(key: SessionKey, current: Held, build: Build, attempts: number, ends = false): Awaitable<Attempt> {
    if (current.content.meta.tombstone) return { status: "gone", held: current };
    return chain(build(current), (next) => {
      if (!next) return { status: "kept", held: current, attempts };
      return chain(this.#payload(key, next), (payload) => {
        const store = this.#store;
        const record = { ...next.times, payload };
        const verb = ends && isEndStore(store) ? store.end : store.update;
        const asked = this.#ask("update", () => quickest(verb).call(store, key, record, current.version));
        return chain(asked, (result): Awaitable<Attempt> => {
          if (result.status === "ok") return { status: "ok", held: { ...next, version: result.version }, attempts };
          if (result.status === "gone") return { status: "gone", held: undefined };
          return chain(this.read(key, result.current), (held) =>
            held ? { status: "conflict", held } : { status: "gone", held: undefined },
          );
        });
      });
    });
  }

  /**
   * Nobody else makes this id: what is there was our own, by a client that sent the call once more because the first
   * answer was lost.
   */
  async #ours(key: SessionKey, next: Next): Promise<Admitted> {
    return ownOf(await this.find(key), next, this.#parts.keeps === "everything");
  }

  /** Whether an insert that was not answered took effect: nobody else makes its key. */
  async #settled(key: SessionKey, next: Next, error: unknown): Promise<Admitted> {
    const there = await Promise.resolve(this.find(key)).catch(() => undefined);
    if (!there) throw error;
    return ownOf(there, next, this.#parts.keeps === "everything");
  }
}
