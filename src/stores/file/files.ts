import type { Clock } from "../../clock.ts";
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import type {
  Admission,
  AdmitResult,
  ClosableStore,
  Entry,
  Epoch,
  HealthStore,
  Page,
  PageRequest,
  ScanStore,
  SweepStore,
  UpdateResult,
  UserStore,
} from "../store.ts";
import { Disk } from "./disk.ts";
import { Epochs } from "./epochs.ts";
import type { Layout } from "./layout.ts";
import { layoutOf, userLock } from "./layout.ts";
import { Locks } from "./lock.ts";
import { entriesAfter, entryCursor, pageSize } from "./pages.ts";
import { Records, rests } from "./records.ts";

/** All that a store can do, but telling of revocations. */
export interface FileStore extends UserStore, ScanStore, SweepStore, ClosableStore, HealthStore {
  readonly name: "file";
  readonly consistency: "cas";
}

/** The verbs, over records, locks and epochs. */
export class Files implements FileStore {
  readonly name = "file";
  readonly consistency = "cas";
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #layout: Layout;
  readonly #disk: Disk;
  readonly #locks: Locks;
  readonly #records: Records;
  readonly #epochs: Epochs;
  readonly #pending: Set<Promise<unknown>> = new Set();
  #prepared: Promise<void> | undefined;
  #closed = false;

  constructor(directory: string, durable: boolean, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
    this.#layout = layoutOf(directory);
    this.#disk = new Disk(this.#layout.temporary, durable);
    this.#locks = new Locks(this.#layout.locks);
    this.#records = new Records(this.#disk, this.#locks, this.#layout);
    this.#epochs = new Epochs(this.#disk, this.#locks, this.#layout, clock);
  }

  get(key: SessionKey): Promise<StoredRecord | null> {
    return this.#run(async () => this.#live(key));
  }

  create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    return this.#change(key, async (live, before) => (live ? null : this.#records.write(key, record, before)));
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.#change<UpdateResult>(key, async (live) => {
      if (!live) return { status: "gone" };
      if (live.version !== expected) return { status: "conflict", current: live };
      return { status: "ok", version: await this.#records.write(key, record, live) };
    });
  }

  touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean> {
    return this.#change(key, async (live) => {
      if (!live) return false;
      if (seenAt <= live.seenAt && expiresAt <= live.expiresAt) return true;
      const later = { seenAt: Math.max(seenAt, live.seenAt), expiresAt: Math.max(expiresAt, live.expiresAt) };
      await this.#records.write(key, { ...live, ...later }, live, live.version);
      return true;
    });
  }

  delete(key: SessionKey): Promise<boolean> {
    return this.#change(key, async (live) => {
      if (live) await this.#records.remove(key, live);
      return live !== null;
    });
  }

  epoch(userId: string): Promise<Epoch> {
    return this.#run(async () => this.#epochs.of(userId));
  }

  admit(
    key: SessionKey,
    record: SessionRecord & { readonly userId: string },
    admission: Admission,
  ): Promise<AdmitResult> {
    return this.#run(() =>
      this.#locks.hold(userLock(record.userId), () =>
        this.#records.locked(key, () => this.#admit(key, record, admission)),
      ),
    );
  }

  list(userId: string, page?: PageRequest): Promise<Page<Entry>> {
    return this.#run(async () => {
      const now = this.#clock();
      const live = (await this.#records.ofUser(userId)).filter(({ record }) => record.expiresAt > now);
      const rest = entriesAfter(live, page?.cursor);
      const items = rest.slice(0, pageSize(page));
      const last = items.at(-1);
      return last && rest.length > items.length ? { items, cursor: entryCursor(last) } : { items };
    });
  }

  deleteAll(
    userId: string,
    { except, limit = 1000 }: { readonly except?: SessionKey | undefined; readonly limit?: number | undefined } = {},
  ): Promise<readonly SessionKey[]> {
    return this.#run(async () => {
      await this.#epochs.moveUser(userId);
      const ended: SessionKey[] = [];
      for (const { key } of await this.#records.ofUser(userId)) {
        if (ended.length >= limit) break;
        if (key !== except && (await this.#end(key, (record) => record.userId === userId))) ended.push(key);
      }
      return ended;
    });
  }

  scan(page?: PageRequest): Promise<Page<Entry>> {
    return this.#run(async () => {
      const now = this.#clock();
      const limit = pageSize(page);
      const items: Entry[] = [];
      let last = "";
      for await (const { hash, entry } of this.#records.all(page?.cursor)) {
        if (entry.record.expiresAt <= now) continue;
        if (items.length === limit) return { items, cursor: last };
        items.push(entry);
        last = hash;
      }
      return { items };
    });
  }

  clear({ limit = 1000 }: { readonly limit?: number | undefined } = {}): Promise<readonly SessionKey[]> {
    return this.#run(async () => {
      await this.#epochs.moveEverybody();
      const ended: SessionKey[] = [];
      for await (const { entry } of this.#records.all()) {
        if (ended.length >= limit) break;
        if (await this.#end(entry.key, () => true)) ended.push(entry.key);
      }
      return ended;
    });
  }

  deleteExpired({ limit = 1000 }: { readonly limit?: number | undefined } = {}): Promise<number> {
    return this.#run(async () => {
      // The folder may have been removed under the store.
      await this.#prepare();
      await this.#epochs.removeOld();
      let removed = 0;
      const rest = rests();
      for await (const { entry } of this.#records.all()) {
        if (removed >= limit) break;
        await rest();
        if (entry.record.expiresAt > this.#clock()) continue;
        if (await this.#collect(entry.key)) removed += 1;
      }
      return removed;
    });
  }

  health(): Promise<{ readonly latencyMs: number }> {
    return this.#run(async () => {
      const start = performance.now();
      const path = `${this.#layout.temporary}/health`;
      await this.#disk.write(path, "");
      await this.#disk.remove(path);
      return { latencyMs: performance.now() - start };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  #live(key: SessionKey): StoredRecord | null {
    const found = this.#records.read(key);
    return found && found.expiresAt > this.#clock() ? found : null;
  }

  /** Runs the work with the record, expired or not, that nobody else can change meanwhile. */
  #change<T>(key: SessionKey, work: (live: StoredRecord | null, found: StoredRecord | null) => Promise<T>): Promise<T> {
    return this.#run(() =>
      this.#records.locked(key, async () => {
        const found = this.#records.read(key);
        return work(found && found.expiresAt > this.#clock() ? found : null, found);
      }),
    );
  }

  /** With the locks of the user and of the new record. */
  async #admit(
    key: SessionKey,
    record: SessionRecord & { readonly userId: string },
    { epoch, limit = Number.POSITIVE_INFINITY, onLimit = "evict-oldest" }: Admission,
  ): Promise<AdmitResult> {
    if (epoch !== this.#epochs.of(record.userId)) return { status: "revoked" };
    if (this.#live(key)) return { status: "exists" };
    const now = this.#clock();
    const present = Number.isFinite(limit) ? await this.#records.ofUser(record.userId) : [];
    const live = present.filter((entry) => entry.record.expiresAt > now);
    const over = live.slice(0, Math.max(0, live.length + 1 - Math.max(1, limit)));
    if (over.length > 0 && onLimit === "reject") return { status: "limit" };
    const evicted: SessionKey[] = [];
    for (const old of over) {
      if (await this.#end(old.key, (found) => found.userId === record.userId)) evicted.push(old.key);
    }
    return { status: "ok", version: await this.#records.write(key, record, this.#records.read(key)), evicted };
  }

  /** Removes a live record, if it is still one of those that are meant. */
  #end(key: SessionKey, isMeant: (record: StoredRecord) => boolean): Promise<boolean> {
    return this.#records.locked(key, async () => {
      const live = this.#live(key);
      if (!live || !isMeant(live)) return false;
      await this.#records.remove(key, live);
      return true;
    });
  }

  /** Removes a record, if it is still expired. */
  #collect(key: SessionKey): Promise<boolean> {
    return this.#records.locked(key, async () => {
      const found = this.#records.read(key);
      if (!found || found.expiresAt > this.#clock()) return false;
      await this.#records.remove(key, found);
      return true;
    });
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The file store was closed; make a new one.");
    const call = (async () => {
      this.#prepared ??= this.#prepare().catch((error: unknown) => {
        // So that the next call tries again.
        this.#prepared = undefined;
        throw error;
      });
      await this.#prepared;
      return work();
    })();
    this.#pending.add(call);
    try {
      return await call;
    } finally {
      this.#pending.delete(call);
    }
  }

  async #prepare(): Promise<void> {
    await this.#disk.prepare(this.#directory, [this.#layout.locks, this.#layout.temporary]);
    this.#locks.removeAbandoned();
    this.#disk.removeAbandoned();
  }
}
