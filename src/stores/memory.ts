/**
 * The store of one process, in its memory and within bounds, with everything that a store can do.
 *
 * @module
 */
import { atOnce } from "../awaitable.ts";
import type { Clock } from "../clock.ts";
import { SessionError } from "../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../record.ts";
import { keepsOut } from "./memory/admission.ts";
import { NONE } from "./memory/columns.ts";
import { Epochs } from "./memory/epochs.ts";
import { type MemoryStoreOptions, settingsOf } from "./memory/options.ts";
import { pageOfAll, pageOfUser } from "./memory/pages.ts";
import { probe } from "./memory/probe.ts";
import { Sweeper } from "./memory/sweeper.ts";
import { footprint, Table } from "./memory/table.ts";
import { Listeners } from "./parts/listeners.ts";
import type {
  Admission,
  AdmitResult,
  ClosableStore,
  DeleteAllOptions,
  EndStore,
  Entry,
  Epoch,
  HealthStore,
  Page,
  PageRequest,
  Replaced,
  ReplaceResult,
  ReplaceStore,
  ScanStore,
  SweepStore,
  UpdateResult,
  WatchStore,
} from "./store.ts";

export type { MemoryStoreOptions };

/** Everything a store can do, in the process. */
export interface MemoryStore
  extends ReplaceStore,
    EndStore,
    ScanStore,
    SweepStore,
    WatchStore,
    ClosableStore,
    HealthStore {
  readonly name: "memory";
  readonly consistency: "cas";
  /** Records held, with those that expired and were not collected yet. */
  readonly size: number;
  /** Bytes held, as `maxBytes` counts them. */
  readonly bytes: number;
}

/**
 * Keeps sessions in the memory of this process: for tests, development, and one process that may forget
 * its sessions when it ends. Bounded: at `maxSessions` or `maxBytes` the session that was used the longest
 * ago (read, written or touched) is ended, one without a user before any with one, and `watch` tells so. Expired
 * records are collected in small steps, by a timer that does not keep the process running.
 *
 * @throws SOJOURN_INVALID_OPTION for a bound that is not a whole number of 1 or more. The verbs reject with
 * SOJOURN_STORE_UNAVAILABLE when the store was closed or a record does not fit into `maxBytes`.
 *
 * @example
 * ```ts
 * const sessions = createSessions({ store: memoryStore({ maxSessions: 50_000 }) });
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { maxSessions, maxBytes, clock } = settingsOf(options);
  return new Memory(maxSessions, maxBytes, clock);
}

class Memory implements MemoryStore {
  readonly name = "memory";
  readonly consistency = "cas";
  readonly #maxSessions: number;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #epochs: Epochs = new Epochs();
  readonly #listeners: Listeners = new Listeners();
  readonly #sweeper: Sweeper;
  #records: Table | undefined;

  constructor(maxSessions: number, maxBytes: number, clock: Clock) {
    this.#maxSessions = maxSessions;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#records = new Table();
    this.#sweeper = new Sweeper(this.#records, clock);
  }

  get size(): number {
    return this.#records?.count ?? 0;
  }

  get bytes(): number {
    return this.#records?.bytes ?? 0;
  }

  readonly get: MemoryStore["get"] = atOnce((key: SessionKey): StoredRecord | null => {
    const table = this.#open();
    const slot = table.live(key, this.#clock());
    if (slot === NONE) return null;
    table.use(slot);
    return table.read(slot);
  });

  readonly create: MemoryStore["create"] = atOnce((key: SessionKey, record: SessionRecord): Version | null => {
    const table = this.#open();
    if (table.live(key, this.#clock()) !== NONE) return null;
    this.#fits(key, record);
    return this.#insert(table, key, record, []);
  });

  readonly update: MemoryStore["update"] = atOnce(
    (key: SessionKey, record: SessionRecord, expected: Version): UpdateResult => this.#write(key, record, expected),
  );

  readonly end: MemoryStore["end"] = atOnce(
    (key: SessionKey, record: SessionRecord, expected: Version): UpdateResult => {
      const result = this.#write(key, record, expected);
      // The tombstone may have been the first to go, which was told.
      if (result.status === "ok" && this.#open().find(key) !== NONE) this.#listeners.tell([key]);
      return result;
    },
  );

  readonly touch: MemoryStore["touch"] = atOnce((key: SessionKey, seenAt: number, expiresAt: number): boolean => {
    const table = this.#open();
    const slot = table.live(key, this.#clock());
    if (slot === NONE) return false;
    table.touch(slot, seenAt, expiresAt);
    return true;
  });

  readonly delete: MemoryStore["delete"] = atOnce((key: SessionKey): boolean => {
    const table = this.#open();
    const slot = table.live(key, this.#clock());
    if (slot === NONE) return false;
    this.#listeners.tell([table.remove(slot)]);
    return true;
  });

  readonly epoch: MemoryStore["epoch"] = atOnce((userId: string): Epoch => {
    this.#open();
    return this.#epochs.of(userId);
  });

  readonly admit: MemoryStore["admit"] = atOnce(
    (key: SessionKey, record: SessionRecord & { readonly userId: string }, admission: Admission): AdmitResult => {
      const table = this.#open();
      const now = this.#clock();
      const over: number[] = [];
      const refusal = keepsOut(table, this.#epochs, { key, record, now, admission }, over);
      if (refusal) return refusal;
      this.#fits(key, record);
      const evicted = over.map((slot) => table.remove(slot));
      return { status: "ok", version: this.#insert(table, key, record, evicted), evicted };
    },
  );

  readonly replace: MemoryStore["replace"] = atOnce(
    (key: SessionKey, record: SessionRecord, old: Replaced, admission?: Admission | undefined): ReplaceResult => {
      const table = this.#open();
      const now = this.#clock();
      const slot = table.live(old.key, now);
      if (slot === NONE) return { status: "gone" };
      if (table.version(slot) !== old.version) return { status: "conflict", current: table.read(slot) };
      const over: number[] = [];
      const refusal = keepsOut(table, this.#epochs, { key, record, now, admission, instead: slot }, over);
      if (refusal) return refusal;
      this.#fits(key, record);
      this.#fits(old.key, old.record);
      const evicted = over.map((each) => table.remove(each));
      table.replace(slot, old.record);
      return { status: "ok", version: this.#insert(table, key, record, [old.key, ...evicted]), evicted };
    },
  );

  async list(userId: string, page?: PageRequest): Promise<Page<Entry>> {
    return pageOfUser(this.#open(), userId, this.#clock(), page);
  }

  async deleteAll(
    userId: string,
    { except, limit = 1000, at }: DeleteAllOptions = {},
  ): Promise<readonly SessionKey[] | null> {
    const table = this.#open();
    const now = this.#clock();
    if (except !== undefined) {
      const spared = table.live(except, now);
      if (spared === NONE || table.userId(spared) !== userId) return null;
    }
    this.#epochs.moveUser(userId, now, at);
    const ended: SessionKey[] = [];
    for (const slot of table.usersSlots(userId)) {
      if (ended.length >= limit) break;
      if (!table.isLive(slot, now)) table.remove(slot);
      else if (table.key(slot) !== except) ended.push(table.remove(slot));
    }
    this.#listeners.tell(ended);
    return ended;
  }

  async scan(page?: PageRequest): Promise<Page<Entry>> {
    return pageOfAll(this.#open(), this.#clock(), page);
  }

  async clear({ limit = 1000, at }: Omit<DeleteAllOptions, "except"> = {}): Promise<readonly SessionKey[]> {
    const table = this.#open();
    const now = this.#clock();
    this.#epochs.moveEverybody(at ?? now);
    const ended: SessionKey[] = [];
    for (let slot = table.oldest; slot !== NONE && ended.length < limit; slot = table.oldest) {
      const live = table.isLive(slot, now);
      const key = table.remove(slot);
      if (live) ended.push(key);
    }
    this.#listeners.tell(ended);
    return ended;
  }

  async deleteExpired({ limit = 1000 }: { readonly limit?: number | undefined } = {}): Promise<number> {
    this.#open();
    return this.#sweeper.run(limit);
  }

  watch(onEnded: (key: SessionKey) => void): () => void {
    this.#open();
    return this.#listeners.add(onEnded);
  }

  async health(): Promise<{ readonly latencyMs: number }> {
    return probe(this.#open(), this.#clock());
  }

  async close(): Promise<void> {
    this.#sweeper.stop();
    this.#records = undefined;
    this.#listeners.clear();
  }

  #open(): Table {
    if (this.#records) return this.#records;
    throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The memory store was closed; make a new one.");
  }

  #write(key: SessionKey, record: SessionRecord, expected: Version): UpdateResult {
    const table = this.#open();
    const slot = table.live(key, this.#clock());
    if (slot === NONE) return { status: "gone" };
    if (table.version(slot) !== expected) return { status: "conflict", current: table.read(slot) };
    this.#fits(key, record);
    const version = table.replace(slot, record);
    this.#listeners.tell(this.#makeRoom(table));
    return { status: "ok", version };
  }

  #fits(key: SessionKey, record: SessionRecord): void {
    const bytes = footprint(key, record);
    if (bytes <= this.#maxBytes) return;
    const message = `A record of ${bytes} bytes does not fit into the memory store (maxBytes: ${this.#maxBytes}).`;
    throw new SessionError("SOJOURN_STORE_UNAVAILABLE", `${message} Store less, or raise maxBytes.`);
  }

  /** Puts a record in where no live one is, and tells of what ended for it and of what has to go. */
  #insert(table: Table, key: SessionKey, record: SessionRecord, ended: readonly SessionKey[]): Version {
    const expired = table.find(key);
    if (expired !== NONE) table.remove(expired);
    const version = table.insert(key, record);
    // A set, for the tombstone of a replaced record may be the first to go.
    this.#listeners.tell([...new Set([...ended, ...this.#makeRoom(table)])]);
    this.#sweeper.start();
    return version;
  }

  /** Keeps to the bounds: what expired goes first, then what was used the longest ago, never the newest. */
  #makeRoom(table: Table): SessionKey[] {
    const ended: SessionKey[] = [];
    while (table.count > 1 && (table.count > this.#maxSessions || table.bytes > this.#maxBytes)) {
      const first = table.firstToExpire;
      if (!table.isLive(first, this.#clock())) table.remove(first);
      else ended.push(table.remove(table.oldest));
    }
    return ended;
  }
}
