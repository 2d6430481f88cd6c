/**
 * The queue that every write of a verb goes through, on its way into a transaction that it shares with others.
 */
import type { SessionKey } from "../../record.ts";
import { setImmediate, setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Write } from "../sql/sqlite-writes.ts";
import { isBusy, pause, stillBusy } from "./busy.ts";
import { rollback } from "./database.ts";
import type { SqliteDatabase } from "./drivers.ts";
import type { Statements } from "./statements.ts";

interface Job {
  readonly work: Write<unknown>;
  readonly deadline: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How many writes share a transaction at most: some milliseconds of work. */
const BATCH = 256;

/**
 * After a transaction that took long the lock is left free for this part of its time, and this many milliseconds at
 * most. Where the disk is slow, the next transaction would else have the lock again before any other process asks for
 * it, and theirs could wait for it until their time is up.
 */
const [REST, LONGEST_REST] = [0.1, 10];

/** Where the writer writes to. */
export interface WriteTarget {
  readonly database: SqliteDatabase;
  readonly sql: Statements;
}

export interface WriterOptions {
  /** Opens the database, or gives what is open. */
  readonly open: () => WriteTarget | Promise<WriteTarget>;
  readonly busyTimeout: number;
  /** Called inside the transaction, before it commits. */
  readonly log: (sql: Statements, ended: readonly SessionKey[]) => void;
  /** Called after the commit. */
  readonly tell: (ended: readonly SessionKey[]) => void;
}

/**
 * Group commit: the writes that arrive in one turn of the event loop run in one transaction, in the order of
 * their arrival, and are acknowledged when it is on disk. So fifty writes cost one fsync and not fifty.
 *
 * A write that fails takes back nothing but itself: the transaction is rolled back and the others run again.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #queue: Job[] = [];
  #limit = BATCH;
  #took = 0;
  #scheduled = false;
  /** When the next transaction may begin. */
  #rested = 0;
  #idle: (() => void)[] = [];

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Milliseconds of the last transaction that went well, its commit included. */
  get took(): number {
    return this.#took;
  }

  write<T>(work: Write<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = stopwatchNow() + this.#options.busyTimeout;
      this.#queue.push({ work, deadline, resolve: resolve as Job["resolve"], reject });
      this.#schedule();
    });
  }

  /** Resolves when every write that was asked for has been answered. */
  idle(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const rest = this.#rested - stopwatchNow();
    if (rest >= 1) setTimeout(() => void this.#drain(), rest);
    // Not a microtask: the event loop then hands over every request that has arrived, and they share the commit.
    else setImmediate(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    try {
      await this.#empty();
    } catch (error) {
      // It could not be opened; the next write tries again.
      for (const job of this.#queue.splice(0)) job.reject(error);
    }
    this.#scheduled = false;
    if (this.#queue.length > 0) return this.#schedule();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Runs one batch, and waits for the lock as long as there is a write that will. */
  async #empty(): Promise<void> {
    const first = stopwatchNow();
    for (let turn = 0; this.#queue.length > 0; turn++) {
      // Asked for before each try: while the lock was waited for, another file may have come in the place of this one.
      const target = this.#options.open();
      const opened = target instanceof Promise ? await target : target;
      const start = stopwatchNow();
      const locked = this.#runBatch(opened, start);
      const end = stopwatchNow();
      if (locked === undefined) {
        this.#rested = end + Math.min((end - start) * REST, LONGEST_REST);
        return;
      }
      this.#giveUp(locked);
      await pause(turn, end - first);
    }
  }

  /** Rejects the writes that have waited long enough for the lock. */
  #giveUp(cause: unknown): void {
    const now = stopwatchNow();
    const late = this.#queue.filter((job) => job.deadline <= now);
    if (late.length === 0) return;
    const kept = this.#queue.filter((job) => job.deadline > now);
    this.#queue.splice(0, this.#queue.length, ...kept);
    for (const job of late) job.reject(stillBusy(this.#options.busyTimeout, cause));
  }

  /** One transaction. Answers with the error when the database is busy; the writes are back in the queue then. */
  #runBatch({ database, sql }: WriteTarget, start: number): unknown {
    const batch = this.#queue.splice(0, this.#limit);
    this.#limit = BATCH;
    const ended: SessionKey[] = [];
    const results: unknown[] = [];
    let begun = false;
    try {
      sql.begin.run();
      begun = true;
      for (const job of batch) results.push(job.work(sql, ended));
      this.#options.log(sql, ended);
      sql.commit.run();
      this.#took = stopwatchNow() - start;
    } catch (error) {
      // Only what was begun here is rolled back: when BEGIN fails, the open transaction is the application's.
      if (begun) rollback(database);
      return this.#undo(batch, begun ? results.length : batch.length, error);
    }
    for (const [index, job] of batch.entries()) job.resolve(results[index]);
    this.#options.tell(ended);
    return undefined;
  }

  /**
   * After a failure: busy puts all back, to be tried again. A write that failed is rejected, and those before it,
   * which went well, run again in a transaction of their own; so none runs more than twice. BEGIN or COMMIT that
   * failed (`failed` is past the end) rejects all.
   */
  #undo(batch: readonly Job[], failed: number, error: unknown): unknown {
    if (isBusy(error)) {
      this.#queue.unshift(...batch);
      return error;
    }
    const culprit = batch[failed];
    if (culprit === undefined) {
      for (const job of batch) job.reject(error);
      return undefined;
    }
    culprit.reject(error);
    this.#queue.unshift(...batch.slice(0, failed), ...batch.slice(failed + 1));
    if (failed > 0) this.#limit = failed;
    return undefined;
  }
}
