/**
 * The life of a store's database: it is opened on first use, lends a connection to each piece of work within
 * `timeout`, repeats what the server has undone, and is closed.
 */
import { SWEEP, startSweeping } from "../parts/sweep.ts";
import { clearTimeout, setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Lease, OwnPool, Source } from "./client.ts";
import { createPool, sourceOf } from "./client.ts";
import { closed, isMissingTable, isReadOnly, isUndone, late, pause } from "./faults.ts";
import type { MysqlSettings } from "./options.ts";
import { Suspicion } from "./suspicion.ts";
import { Transaction } from "./transaction.ts";

/** How often work is done again that the server has undone because of others. */
const ATTEMPTS = 8;

/**
 * Milliseconds without an answer after which other connections are no longer trusted: a network may be cut in silence.
 */
const SUSPECT = 1500;

/** Making the tables may wait for another process that makes them. */
const PREPARE = 60_000;

/** Statements on one connection; run again from the start when the server has undone them. */
export type Work<T> = (transaction: Transaction) => Promise<T>;

interface Options {
  /** Makes the tables where they are missing. */
  readonly prepare: Work<void>;
  readonly sweep: (limit: number) => Promise<number>;
}

/** The database behind one store: opened on first use, and as often as it takes; no failure needs a restart. */
export class Connections {
  readonly #settings: MysqlSettings;
  readonly #options: Options;
  readonly #running = new Set<Promise<unknown>>();
  readonly #suspicion = new Suspicion();
  #source: Source | undefined;
  #own: OwnPool | undefined;
  #ready = false;
  #preparing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #stopSweeping: (() => void) | undefined;

  constructor(settings: MysqlSettings, options: Options) {
    this.#settings = settings;
    this.#options = options;
  }

  checkOpen(): void {
    if (this.#closing) throw closed();
  }

  /** Runs work on a connection of its own, within `timeout`. */
  async use<T>(work: Work<T>): Promise<T> {
    this.checkOpen();
    const running = this.#use(work);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #use<T>(work: Work<T>): Promise<T> {
    if (!this.#ready) await this.#prepare();
    try {
      return await this.#repeat(work, this.#settings.timeout);
    } catch (error) {
      if (!isMissingTable(error)) throw error;
    }
    // Somebody has dropped the tables, or this is another server now: they are made again, or told by name.
    this.#forget();
    await this.#prepare();
    return this.#repeat(work, this.#settings.timeout);
  }

  #forget(): void {
    this.#ready = false;
    this.#preparing = undefined;
  }

  async #repeat<T>(work: Work<T>, timeout: number): Promise<T> {
    const deadline = stopwatchNow() + timeout;
    for (let turn = 1; ; turn++) {
      try {
        return await this.#attempt(work, deadline, timeout);
      } catch (error) {
        if (!isUndone(error) || turn === ATTEMPTS || stopwatchNow() > deadline) throw error;
      }
      await pause(turn);
    }
  }

  async #attempt<T>(work: Work<T>, deadline: number, timeout: number): Promise<T> {
    const lease = await this.#acquireAlive(deadline, timeout);
    const transaction = new Transaction(lease.connection);
    const running = work(transaction);
    const silent = setTimeout(() => this.#suspicion.begin(), Math.min(SUSPECT, timeout / 2));
    let result: T;
    try {
      result = await before(deadline, timeout, running);
    } catch (error) {
      await giveBack(lease, transaction, running, deadline, timeout, error);
      throw error;
    } finally {
      clearTimeout(silent);
    }
    this.#suspicion.clear(lease);
    lease.release();
    return result;
  }

  /** A connection that was idle while another fell silent is asked first, and closed when it is silent as well. */
  async #acquireAlive(deadline: number, timeout: number): Promise<Lease> {
    for (;;) {
      const lease = await this.#acquire(deadline, timeout);
      if (await this.#suspicion.isAlive(lease)) return lease;
      lease.discard(Promise.resolve());
    }
  }

  async #acquire(deadline: number, timeout: number): Promise<Lease> {
    this.#source ??= await this.#open();
    const lease = this.#source.acquire();
    try {
      return await before(deadline, timeout, lease);
    } catch (error) {
      // Somebody's turn may still come when nobody waits for it any more.
      lease.then(
        (free) => free.release(),
        () => {},
      );
      throw error;
    }
  }

  async #open(): Promise<Source> {
    const { source, timeout } = this.#settings;
    if (typeof source !== "string") return sourceOf(source);
    this.#own ??= await createPool(source, timeout);
    return sourceOf(this.#own);
  }

  /** When it fails, the next call tries again. */
  #prepare(): Promise<void> {
    this.#preparing ??= this.#repeat(this.#options.prepare, Math.max(PREPARE, this.#settings.timeout)).then(
      () => {
        this.#ready = true;
        const { sweepEvery } = this.#settings;
        if (sweepEvery !== false && !this.#closing) {
          this.#stopSweeping ??= startSweeping(sweepEvery, SWEEP, this.#options.sweep);
        }
      },
      (error: unknown) => {
        this.#preparing = undefined;
        throw error;
      },
    );
    return before(stopwatchNow() + this.#settings.timeout, this.#settings.timeout, this.#preparing);
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.#stopSweeping?.();
    const { timeout } = this.#settings;
    // A server that is gone does not answer to a goodbye either.
    if (this.#own) await before(stopwatchNow() + timeout, timeout, this.#own.end()).catch(() => {});
  }
}

/**
 * After a failure: a connection goes back only when it answers, has no transaction open and belongs to a server that
 * takes writes.
 */
async function giveBack(
  lease: Lease,
  transaction: Transaction,
  running: Promise<unknown>,
  deadline: number,
  timeout: number,
  error: unknown,
): Promise<void> {
  transaction.stop(error as Error);
  const settled = running.then(
    () => {},
    () => {},
  );
  const undone = settled.then(() => transaction.undo());
  try {
    // Rolling back gets a moment even when the time is up.
    await before(Math.max(deadline, stopwatchNow() + 20), timeout, undone);
  } catch {
    lease.discard(undone.catch(() => {}));
    return;
  }
  if (isReadOnly(error)) lease.discard(settled);
  else lease.release();
}

/** Rejects at the deadline; what comes later is nobody's. */
function before<T>(deadline: number, timeout: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late(timeout)), Math.max(0, deadline - stopwatchNow()));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
