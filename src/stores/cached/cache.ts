/**
 * The order of calls to the near and the far store: what is asked, kept and buried when a session is read, written or
 * ended.
 */
import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { keepingTouch } from "../parts/times.ts";
import type { Store, UpdateResult } from "../store.ts";
import { isClosableStore, isWatchStore } from "../store.ts";
import { Near } from "./near.ts";
import type { Passage } from "./traffic.ts";
import { Traffic } from "./traffic.ts";

/** How often the far store was spared, since the store was made. */
export interface CacheStats {
  /** Reads that the near store answered. */
  readonly hits: number;
  /** Reads that went to the far store. */
  readonly misses: number;
  /** Hits among all reads, 0 to 1; 0 before the first. */
  readonly hitRate: number;
}

export interface CacheSettings {
  readonly clock: Clock;
  readonly maxStaleness: number;
  readonly longestRequest: number;
}

/**
 * What the answer to a write says: what the record is now, or what has been changed in it. Of a change the times are
 * not all told, for a touch may have come between: it is made in the copy that is here, if there is one.
 */
export type Outcome = { readonly record: StoredRecord } | { readonly changes: (before: StoredRecord) => StoredRecord };

export function is(record: StoredRecord): Outcome {
  return { record };
}

/** The five verbs over two stores, and what the other verbs need in order to keep the near one right. */
export class Cache {
  readonly #near: Near;
  readonly #stores: readonly [near: Store, far: Store];
  readonly #far: Store;
  readonly #clock: Clock;
  readonly #traffic: Traffic = new Traffic();
  readonly #listeners: Listeners = new Listeners();
  readonly #endings: Set<Promise<unknown>> = new Set();
  #stopListening: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #hits = 0;
  #misses = 0;

  constructor(near: Store, far: Store, { clock, maxStaleness, longestRequest }: CacheSettings) {
    this.#near = new Near(near, clock, maxStaleness, longestRequest);
    this.#stores = [near, far];
    this.#far = far;
    this.#clock = clock;
  }

  async get(key: SessionKey): Promise<StoredRecord | null> {
    this.open(this.#far);
    const copy = await this.#near.read(key);
    if (copy) {
      this.#hits += 1;
      return copy;
    }
    this.#misses += 1;
    const passage = this.#traffic.enter(key);
    try {
      const asOf = this.#clock();
      const record = await this.#far.get(key);
      if (record) await this.#fill(passage, record, asOf);
      return record;
    } finally {
      this.#traffic.leave(passage);
    }
  }

  create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    return this.write(
      key,
      () => this.#far.create(key, record),
      (version) => (version === null ? undefined : is({ ...record, version })),
    );
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.updateBy(() => this.#far.update(key, record, expected), key, record);
  }

  /** An update by whatever verb of the far store makes it. */
  updateBy(call: () => Promise<UpdateResult>, key: SessionKey, record: SessionRecord): Promise<UpdateResult> {
    return this.write(key, call, (result) => {
      if (result.status === "conflict") return is(result.current);
      if (result.status !== "ok") return undefined;
      const { version } = result;
      return { changes: (before) => ({ ...keepingTouch(before, record), version }) };
    });
  }

  touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean> {
    const changes = (before: StoredRecord): StoredRecord => ({
      ...before,
      seenAt: Math.max(before.seenAt, seenAt),
      expiresAt: Math.max(before.expiresAt, expiresAt),
    });
    return this.write(
      key,
      () => this.#far.touch(key, seenAt, expiresAt),
      (live) => (live ? { changes } : undefined),
    );
  }

  /**
   * A tombstone before, so that from the far delete on nobody who shares the near store finds a copy; and after,
   * so that it lasts as long as a request that read the record at the last moment.
   */
  async delete(key: SessionKey): Promise<boolean> {
    this.open(this.#far);
    const passage = this.#traffic.enter(key);
    try {
      // Whether the near store can be told is judged afterwards: the far delete is done in any case.
      await this.#bury(passage).catch(() => {});
      try {
        return await this.#far.delete(key);
      } finally {
        await this.#bury(passage);
      }
    } finally {
      this.#traffic.leave(passage);
    }
  }

  /**
   * A verb that ends sessions which only its answer names. Another such verb that ran beside it may have ended in the
   * far store what this one then did not find there: this one has not ended everything before the copies of that are
   * gone too.
   */
  async ending<T>(call: () => Promise<T>, keysOf: (answer: T) => readonly SessionKey[]): Promise<T> {
    const work = call().then(async (answer) => {
      await this.ended(keysOf(answer));
      return answer;
    });
    const over: Promise<unknown> = work.catch(() => {}).then(() => this.#endings.delete(over));
    this.#endings.add(over);
    const answer = await work;
    await Promise.all(this.#endings);
    return answer;
  }

  /** Sees to it that sessions which the far store has ended are not served, nor anything put in their place. */
  async ended(keys: readonly SessionKey[]): Promise<void> {
    const all = keys.map(async (key) => {
      const passage = this.#traffic.enter(key);
      await this.#bury(passage).finally(() => this.#traffic.leave(passage));
    });
    const failed = (await Promise.allSettled(all)).find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
  }

  /**
   * A write that the far store decides. `outcome` is what the answer says of the record that is there afterwards; it is
   * kept unless another write overlapped, for then it cannot be told which came last. A failure may have been a
   * success.
   */
  async write<T>(key: SessionKey, call: () => Promise<T>, outcome: (answer: T) => Outcome | undefined): Promise<T> {
    this.open(this.#far);
    const passage = this.#traffic.enter(key);
    const asOf = this.#clock();
    let known: Outcome | undefined;
    try {
      const answer = await call();
      known = this.#traffic.isAlone(passage) ? outcome(answer) : undefined;
      return answer;
    } finally {
      this.#traffic.change(passage);
      await this.#settle(passage, known, asOf);
      this.#traffic.leave(passage);
    }
  }

  watch(onEnded: (key: SessionKey) => void): () => void {
    this.open(this.#far);
    this.#listen();
    return this.#listeners.add(onEnded);
  }

  stats(): CacheStats {
    const [hits, misses] = [this.#hits, this.#misses];
    return { hits, misses, hitRate: hits + misses === 0 ? 0 : hits / (hits + misses) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The store, for as long as this one is open. */
  open<S extends Store>(store: S): S {
    if (this.#closing) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The cached store has been closed.");
    return store;
  }

  async #close(): Promise<void> {
    this.#stopListening?.();
    this.#listeners.clear();
    const closing = this.#stores.map(async (store) => isClosableStore(store) && store.close());
    const failed = (await Promise.allSettled(closing)).find((each) => each.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** Keeps the answer to a read, unless the session was written or ended since the question. */
  async #fill(passage: Passage, record: StoredRecord, asOf: number): Promise<void> {
    this.#listen();
    const put = async (): Promise<void> => {
      if (this.#traffic.isAlone(passage)) await this.#near.put(passage.key, { record, asOf });
    };
    // A near store that fails costs speed, not the answer.
    await this.#traffic.inTurn(passage, put).catch(() => {});
  }

  /** After a write: its outcome, or nothing, in the place of what was there. */
  async #settle(passage: Passage, known: Outcome | undefined, asOf: number): Promise<void> {
    this.#listen();
    const { key } = passage;
    const work = (): Promise<void> => {
      if (!known) return this.#near.drop(key);
      return "record" in known
        ? this.#near.put(key, { record: known.record, asOf })
        : this.#near.change(key, known.changes);
    };
    // The far store has decided. A copy that could not be taken out is served until it is too old.
    await this.#traffic.inTurn(passage, work).catch(() => {});
  }

  #bury(passage: Passage): Promise<void> {
    this.#traffic.change(passage);
    return this.#traffic.inTurn(passage, () => this.#near.bury(passage.key));
  }

  /** From the first copy on: hears of what other processes end, where the far store can tell. */
  #listen(): void {
    if (this.#stopListening || this.#closing || !isWatchStore(this.#far)) return;
    this.#stopListening = this.#far.watch((key) => {
      const tell = (): void => this.#listeners.tell([key]);
      // Listeners hear of it when a read would not find it any more, or not for longer than `maxStaleness`.
      this.#hear(key).then(tell, tell);
    });
  }

  /**
   * What ended elsewhere is buried here when it is here, or on its way. Of the others no tombstone is kept: they would
   * push the copies out of a small near store. Another process that shares the near store hears of it too, and sees to
   * its own.
   */
  async #hear(key: SessionKey): Promise<void> {
    const passage = this.#traffic.enter(key);
    try {
      if (!this.#traffic.isOnly(passage) || (await this.#near.holds(key))) await this.#bury(passage);
    } finally {
      this.#traffic.leave(passage);
    }
  }
}
