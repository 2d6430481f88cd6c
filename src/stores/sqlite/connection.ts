/**
 * The life of one store's database from the first call to the close; what a verb reads or writes comes in as a
 * function.
 */
import { SessionError } from "../../errors.ts";
import type { SessionKey } from "../../record.ts";
import { Pace } from "../parts/pace.ts";
import { startSweeping, sweepInSteps } from "../parts/sweep.ts";
import { stopwatchNow } from "../parts/timers.ts";
import { explained } from "../sql/sqlite-faults.ts";
import { lacksTable } from "../sql/sqlite-schema.ts";
import type { Write } from "../sql/sqlite-writes.ts";
import { deleteExpired } from "../sql/sqlite-writes.ts";
import { isBusy, whileBusy } from "./busy.ts";
import type { OpenFile } from "./database.ts";
import { configure, openFile } from "./database.ts";
import type { SqliteDatabase } from "./drivers.ts";
import { Feed } from "./feed.ts";
import type { SqliteSettings } from "./options.ts";
import { prepareSchema } from "./schema.ts";
import type { Statements } from "./statements.ts";
import { prepareStatements } from "./statements.ts";
import type { WriteTarget } from "./writer.ts";
import { Writer } from "./writer.ts";

/**
 * A sweep's transaction is to take so many milliseconds: the event loop stands still for it, and other processes wait.
 * It begins with few rows, for each is on pages of its own.
 */
const [SWEEP_MS, SWEEP_FIRST, SWEEP_MOST] = [4, 10, 200];

const LIMIT = "SQLite takes at most 1 GB in one value, unless it was built for less";

/** How often it is looked whether the file is still the one at the path, while it is used; costs some microseconds. */
const LOOK_EVERY_MS = 1000;

/** What is open. */
interface Opened extends WriteTarget {
  /** Undefined for a database of the application. */
  readonly file: OpenFile | undefined;
}

/**
 * The database behind one store: opened on first use, read at once, written in groups, swept, watched and closed. When
 * opening fails, the next call tries again; a table that was dropped is made again, and so is a file that was deleted.
 * So nothing needs a restart.
 */
export class Connection {
  readonly #settings: SqliteSettings;
  readonly #writer: Writer;
  readonly #feed: Feed;
  readonly #pace = new Pace(SWEEP_MS, SWEEP_FIRST, SWEEP_MOST);
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #mending: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #looked = 0;
  #stopSweeping: (() => void) | undefined;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
    this.#feed = new Feed(settings.watchEvery, async () => (await this.#target()).sql);
    this.#writer = new Writer({
      open: () => this.#target(),
      busyTimeout: settings.busyTimeout,
      log: (sql, ended) => this.#feed.log(sql, ended),
      tell: (ended) => this.#feed.tell(ended),
    });
  }

  /** Runs a read by itself, outside any transaction: one statement sees one state of the file. */
  async read<T>(work: (sql: Statements) => T): Promise<T> {
    this.#checkOpen();
    const target = this.#target();
    const { sql } = target instanceof Promise ? await target : target;
    try {
      return work(sql);
    } catch (error) {
      return this.#readAgain(work, error);
    }
  }

  /** Runs a write in a transaction, with others of the same moment. */
  async write<T>(work: Write<T>): Promise<T> {
    this.#checkOpen();
    try {
      return await this.#writer.write(work);
    } catch (error) {
      await this.#mend(error);
      return this.#writer.write(work).catch((again: unknown) => {
        throw explained(again, LIMIT);
      });
    }
  }

  /** Removes expired records, at most so many, in steps that let requests through in between. */
  async sweep(limit: number): Promise<number> {
    this.#checkOpen();
    return sweepInSteps(
      limit,
      () => this.#pace.size,
      async (size) => {
        const removed = await this.#sweepStep(size);
        return { removed, more: removed === size };
      },
    );
  }

  /** As `write`, and looks first whether the file is still there. */
  async check(work: Write<void>): Promise<void> {
    this.#looked = Number.NEGATIVE_INFINITY;
    await this.write(work);
  }

  watch(onEnded: (key: SessionKey) => void): () => void {
    this.#checkOpen();
    return this.#feed.watch(onEnded);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #checkOpen(): void {
    if (this.#closing) throw new SessionError("SOJOURN_STORE_UNAVAILABLE", "The SQLite store has been closed.");
  }

  /** What is open, or will be. */
  #target(): Opened | Promise<Opened> {
    if (this.#opened && this.#isGone(this.#opened)) void this.#release();
    return this.#opened ?? this.#open();
  }

  #isGone({ file }: Opened): boolean {
    if (!file || stopwatchNow() < this.#looked + LOOK_EVERY_MS) return false;
    this.#looked = stopwatchNow();
    return !file.isInPlace();
  }

  /** Lets go of what is open; the next call opens anew. */
  async #release(): Promise<void> {
    const file = this.#opened?.file;
    this.#opened = undefined;
    this.#opening = undefined;
    await file?.close();
  }

  #open(): Promise<Opened> {
    this.#opening ??= this.#connect().then(
      (opened) => {
        this.#opened = opened;
        this.#looked = stopwatchNow();
        this.#startSweeping();
        return opened;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  async #connect(): Promise<Opened> {
    const { source, busyTimeout, durability } = this.#settings;
    if (typeof source !== "string") return { file: undefined, database: source, sql: await this.#prepare(source) };
    const file = await openFile(source);
    try {
      await whileBusy(busyTimeout, () => configure(file.database, durability));
      return { file, database: file.database, sql: await this.#prepare(file.database) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #prepare(database: SqliteDatabase): Promise<Statements> {
    const names = await prepareSchema(database, this.#settings);
    return whileBusy(this.#settings.busyTimeout, () => prepareStatements(database, names));
  }

  async #readAgain<T>(work: (sql: Statements) => T, error: unknown): Promise<T> {
    if (!isBusy(error)) await this.#mend(error);
    return whileBusy(this.#settings.busyTimeout, async () => work((await this.#target()).sql));
  }

  /** Makes the tables again when the error says that one is missing; any other is thrown. */
  #mend(error: unknown): Promise<void> {
    if (!lacksTable(error, this.#settings.table)) throw explained(error, LIMIT);
    this.#mending ??= this.#prepareAnew().finally(() => {
      this.#mending = undefined;
    });
    return this.#mending;
  }

  async #prepareAnew(): Promise<void> {
    const opened = await this.#target();
    const sql = await this.#prepare(opened.database);
    if (this.#opened === opened) this.#opened = { ...opened, sql };
  }

  async #sweepStep(size: number): Promise<number> {
    const removed = await this.write(deleteExpired(size, this.#settings.clock));
    this.#pace.note(removed, this.#writer.took);
    return removed;
  }

  #startSweeping(): void {
    const { sweepEvery } = this.#settings;
    if (sweepEvery === false || this.#closing || this.#stopSweeping) return;
    this.#stopSweeping = startSweeping(
      sweepEvery,
      () => this.#pace.size,
      (size) => this.#sweepStep(size),
    );
  }

  async #close(): Promise<void> {
    this.#feed.stop();
    await this.#writer.idle();
    await this.#opening?.catch(() => undefined);
    this.#stopSweeping?.();
    await this.#release();
  }
}
