/**
 * The verbs of a file store, over records, locks and epochs, with its preparation, its sweep and its close.
 */
import { SessionError } from "../../errors.ts";
import type { SessionKey, SessionRecord, StoredRecord, Version } from "../../record.ts";
import { probe } from "../parts/probe.ts";
import { startSweeping } from "../parts/sweep.ts";
import { keepingTouch } from "../parts/times.ts";
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
} from "../store.ts";
import { Disk } from "./disk.ts";
import { Ended } from "./ended.ts";
import { Epochs } from "./epochs.ts";
import type { Layout } from "./layout.ts";
import { layoutOf } from "./layout.ts";
import { LiveRecords } from "./live.ts";
import { Locks } from "./lock.ts";
import type { FileSettings } from "./options.ts";
import { entriesAfter, entryCursor, pageSize } from "./pages.ts";
import { Records, rests } from "./records.ts";
import { Users } from "./users.ts";

/** All that a store can do. */
export interface FileStore
  extends ReplaceStore,
    EndStore,
    ScanStore,
    SweepStore,
    WatchStore,
    ClosableStore,
    HealthStore {
  readonly name: "file";
  readonly consistency: "cas";
}

/** More than any folder holds: a sweep walks through all files once, and rests while it does. */
const WHOLE_FOLDER = Number.MAX_SAFE_INTEGER;

export class Files implements FileStore {
  readonly name = "file";
  readonly consistency = "cas";
  readonly #settings: FileSettings;
  readonly #layout: Layout;
  readonly #disk: Disk;
  readonly #locks: Locks;
  readonly #live: LiveRecords;
  readonly #epochs: Epochs;
  readonly #users: Users;
  readonly #ended: Ended;
  readonly #pending: Set<Promise<unknown>> = new Set();
  #prepared: Promise<void> | undefined;
  #stopSweeping: (() => void) | undefined;
  #closed = false;

  constructor(settings: FileSettings) {
    const { directory, durable, clock, watchEvery } = settings;
    this.#settings = settings;
    this.#layout = layoutOf(directory);
    this.#disk = new Disk(this.#layout.temporary, durable);
    this.#locks = new Locks(this.#layout.locks);
    this.#live = new LiveRecords(new Records(this.#disk, this.#locks, this.#layout), clock);
    this.#epochs = new Epochs(this.#disk, this.#locks, this.#layout, clock);
    this.#ended = new Ended(this.#layout.ended, this.#layout.temporary, watchEvery);
    this.#users = new Users(this.#live, this.#epochs, this.#locks, (keys) => this.#ended.tell(keys));
  }

  get(key: SessionKey): Promise<StoredRecord | null> {
    return this.#run(async () => this.#live.get(key));
  }

  create(key: SessionKey, record: SessionRecord): Promise<Version | null> {
    return this.#run(() =>
      this.#live.change(key, async (live, before) => (live ? null : this.#live.records.write(key, record, before))),
    );
  }

  update(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.#run(() =>
      this.#live.change<UpdateResult>(key, async (live) => {
        if (!live) return { status: "gone" };
        if (live.version !== expected) return { status: "conflict", current: live };
        return { status: "ok", version: await this.#live.records.write(key, keepingTouch(live, record), live) };
      }),
    );
  }

  end(key: SessionKey, record: SessionRecord, expected: Version): Promise<UpdateResult> {
    return this.update(key, record, expected).then((result) => {
      if (result.status === "ok") this.#ended.tell([key]);
      return result;
    });
  }

  touch(key: SessionKey, seenAt: number, expiresAt: number): Promise<boolean> {
    return this.#run(() =>
      this.#live.change(key, async (live) => {
        if (!live) return false;
        if (seenAt <= live.seenAt && expiresAt <= live.expiresAt) return true;
        const later = { seenAt: Math.max(seenAt, live.seenAt), expiresAt: Math.max(expiresAt, live.expiresAt) };
        await this.#live.records.write(key, { ...live, ...later }, live, live.version);
        return true;
      }),
    );
  }

  delete(key: SessionKey): Promise<boolean> {
    return this.#run(async () => {
      const ended = await this.#live.end(key);
      if (ended) this.#ended.tell([key]);
      return ended;
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
    return this.#run(() => this.#users.admit(key, record, admission));
  }

  replace(
    key: SessionKey,
    record: SessionRecord,
    old: Replaced,
    admission?: Admission | undefined,
  ): Promise<ReplaceResult> {
    return this.#run(() => this.#users.replace(key, record, old, admission));
  }

  list(userId: string, page?: PageRequest): Promise<Page<Entry>> {
    return this.#run(async () => {
      const rest = entriesAfter(await this.#live.ofUser(userId), page?.cursor);
      const items = rest.slice(0, pageSize(page));
      const last = items.at(-1);
      return last && rest.length > items.length ? { items, cursor: entryCursor(last) } : { items };
    });
  }

  deleteAll(userId: string, options: DeleteAllOptions = {}): Promise<readonly SessionKey[] | null> {
    return this.#run(() => this.#users.deleteAll(userId, options));
  }

  scan(page?: PageRequest): Promise<Page<Entry>> {
    return this.#run(async () => {
      const now = this.#settings.clock();
      const { cursor = "" } = page ?? {};
      const limit = pageSize(page);
      const items: Entry[] = [];
      if (typeof cursor !== "string") return { items };
      let last = "";
      for await (const { hash, entry } of this.#live.records.all(cursor)) {
        if (entry.record.expiresAt <= now) continue;
        if (items.length === limit) return { items, cursor: last };
        items.push(entry);
        last = hash;
      }
      return { items };
    });
  }

  clear(options: Omit<DeleteAllOptions, "except"> = {}): Promise<readonly SessionKey[]> {
    return this.#run(() => this.#users.clear(options));
  }

  deleteExpired({ limit = 1000 }: { readonly limit?: number | undefined } = {}): Promise<number> {
    return this.#run(async () => {
      // The folder may have been removed under the store.
      await this.#prepare();
      await this.#epochs.removeOld();
      let removed = 0;
      const rest = rests();
      for await (const { entry } of this.#live.records.allFiles()) {
        if (removed >= limit || this.#closed) break;
        await rest();
        if (entry.record.expiresAt > this.#settings.clock()) continue;
        if (await this.#live.collect(entry.key)) removed += 1;
      }
      return removed;
    });
  }

  watch(onEnded: (key: SessionKey) => void): () => void {
    if (this.#closed) throw closed();
    return this.#ended.watch(onEnded);
  }

  health(): Promise<{ readonly latencyMs: number }> {
    // Its own record ends without a word.
    const quietly = {
      name: this.name,
      create: (key: SessionKey, record: SessionRecord) => this.create(key, record),
      get: (key: SessionKey) => this.get(key),
      delete: (key: SessionKey) => this.#run(() => this.#live.end(key)),
    };
    return probe(quietly, this.#settings.clock);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopSweeping?.();
    this.#ended.stop();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closed();
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
    const { directory, sweepEvery } = this.#settings;
    await this.#disk.prepare(directory, [this.#layout.locks, this.#layout.temporary]);
    this.#locks.removeAbandoned();
    this.#disk.removeAbandoned();
    if (sweepEvery === false || this.#closed) return;
    this.#stopSweeping ??= startSweeping(sweepEvery, WHOLE_FOLDER, (limit) => this.deleteExpired({ limit }));
  }
}

function closed(): SessionError {
  return new SessionError("SOJOURN_STORE_UNAVAILABLE", "The file store was closed; make a new one.");
}
