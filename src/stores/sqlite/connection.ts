import { SessionError } from "../../errors.ts";
import type { SessionKey } from "../../record.ts";
import { startSweeping } from "../parts/sweep.ts";
import type { Write } from "../sql/sqlite-writes.ts";
import { deleteExpired } from "../sql/sqlite-writes.ts";
import { isBusy, whileBusy } from "./busy.ts";
import { configure, openDatabase } from "./database.ts";
import { Feed } from "./feed.ts";
import type { SqliteSettings } from "./options.ts";
import { prepareSchema } from "./schema.ts";
import type { Statements } from "./statements.ts";
import { prepareStatements } from "./statements.ts";
import type { WriteTarget } from "./writer.ts";
import { Writer } from "./writer.ts";

/**
 * Rows that one transaction of a sweep removes. Each is on pages of its own, and the event loop stands still until they
 * are on the disk: so few that it takes about as long as a request's own write.
 */
export const SWEEP = 10;

/**
 * The database behind one store: opened on first use, read at once, written in groups, swept, watched and
 * closed. When opening fails, the next call tries again, so nothing needs a restart.
 */
export class Connection {
  readonly #settings: SqliteSettings;
  readonly #writer: Writer;
  readonly #feed: Feed;
  #opened: WriteTarget | undefined;
  #opening: Promise<WriteTarget> | undefined;
  #closing: Promise<void> | undefined;
  #stopSweeping: (() => void) | undefined;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
    this.#feed = new Feed(settings.watchEvery, async () => (await this.#open()).sql);
    this.#writer = new Writer({
      open: () => this.#opened ?? this.#open(),
      busyTimeout: settings.busyTimeout,
      log: (sql, ended) => this.#feed.log(sql, ended),
      tell: (ended) => this.#feed.tell(ended),
    });
  }

  /** Runs a read by itself, outside any transaction: one statement sees one state of the file. */
  async read<T>(work: (sql: Statements) => T): Promise<T> {
    this.#checkOpen();
    const { sql } = this.#opened ?? (await this.#open());
    try {
      return work(sql);
    } catch (error) {
      if (!isBusy(error)) throw error;
      return whileBusy(this.#settings.busyTimeout, () => work(sql));
    }
  }

  async write<T>(work: Write<T>): Promise<T> {
    this.#checkOpen();
    return this.#writer.write(work);
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

  #open(): Promise<WriteTarget> {
    this.#opening ??= this.#connect().then(
      (opened) => {
        this.#opened = opened;
        this.#sweep();
        return opened;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  async #connect(): Promise<WriteTarget> {
    const { source, busyTimeout, durability } = this.#settings;
    const own = typeof source === "string";
    const database = own ? await openDatabase(source) : source;
    try {
      if (own) await whileBusy(busyTimeout, () => configure(database, durability));
      const names = await prepareSchema(database, this.#settings);
      const sql = await whileBusy(busyTimeout, () => prepareStatements(database, names));
      return { database, sql };
    } catch (error) {
      if (own) database.close();
      throw error;
    }
  }

  #sweep(): void {
    const { sweepEvery, clock } = this.#settings;
    if (sweepEvery === false || this.#closing) return;
    this.#stopSweeping = startSweeping(sweepEvery, SWEEP, (limit) => this.#writer.write(deleteExpired(limit, clock)));
  }

  async #close(): Promise<void> {
    this.#feed.stop();
    await this.#writer.idle();
    const opened = await this.#opening?.catch(() => undefined);
    this.#stopSweeping?.();
    if (opened && typeof this.#settings.source === "string") opened.database.close();
  }
}
