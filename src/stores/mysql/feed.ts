/**
 * The ends of sessions for `watch`: this store's own are told directly and logged in a table, and others' are read
 * from that table at intervals.
 */
import type { SessionKey } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { clearTimeout, setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Connections } from "./connections.ts";
import type { Integer } from "./row.ts";
import type { Statements } from "./statements.ts";

/** Rows of the log that are read or written at a time. */
const PAGE = 1000;

/** Writes after which old rows are removed. */
const TRIM = 32;

/**
 * Milliseconds for which rows below the last are looked for again: a number is given before its row can be seen, and
 * another process may be slow to commit.
 */
const LATE = 5000;

interface EndedRow {
  readonly id: Integer;
  readonly session_key: SessionKey;
  readonly origin: string;
}

export interface FeedOptions {
  readonly use: Connections["use"];
  readonly sql: Statements;
  /** Whether ends are logged for others. */
  readonly notify: boolean;
  /** Milliseconds from one look to the next. */
  readonly every: number;
}

/**
 * Tells listeners which sessions ended, for the server has nothing to push with. What this store ends is told at once
 * and logged in a table, by one insert for all of one moment, of which nobody waits; what others end is read from
 * there, only while somebody listens. Best effort: what cannot be logged is not told elsewhere.
 */
export class Feed {
  readonly #origin: string = crypto.randomUUID();
  readonly #listeners: Listeners = new Listeners(() => this.#halt());
  readonly #options: FeedOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unlogged: SessionKey[] = [];
  #logging: Promise<void> | undefined;
  #writes = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Tells the listeners of this store, and logs for those of others. */
  ended(keys: readonly SessionKey[]): void {
    this.#listeners.tell(keys);
    if (!this.#options.notify || keys.length === 0) return;
    this.#unlogged.push(...keys);
    this.#logging ??= this.#log().finally(() => {
      this.#logging = undefined;
    });
  }

  watch(call: (key: SessionKey) => void): () => void {
    const unwatch = this.#listeners.add(call);
    if (this.#timer === undefined) this.#start();
    return unwatch;
  }

  /** Nobody is told any more. Resolves when what ended has been logged. */
  async stop(): Promise<void> {
    this.#listeners.clear();
    this.#halt();
    await this.#logging;
  }

  async #log(): Promise<void> {
    const { use, sql } = this.#options;
    while (this.#unlogged.length > 0) {
      const keys = JSON.stringify(this.#unlogged.splice(0, PAGE));
      this.#writes += 1;
      const trims = this.#writes % TRIM === 1;
      await use(async (transaction) => {
        await transaction.change(sql.logEnded, this.#origin, keys);
        if (trims) await transaction.change(sql.trimEnded);
      }).catch(() => {});
    }
  }

  #halt(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    const log = new Reader(this.#options);
    const again = (timer: ReturnType<typeof setTimeout> | undefined): void => {
      // Nobody listens any more, or somebody else has begun anew.
      if (this.#timer !== timer) return;
      const next = setTimeout(() => void look(next), this.#options.every);
      next.unref?.();
      this.#timer = next;
    };
    const look = async (timer: ReturnType<typeof setTimeout>): Promise<void> => {
      // When it fails the rows are still there at the next turn; the verbs say what is wrong.
      const rows = await log.read().catch(() => []);
      if (this.#timer !== timer) return;
      this.#listeners.tell(rows.filter(({ origin }) => origin !== this.#origin).map((row) => row.session_key));
      again(timer);
    };
    const first = setTimeout(() => void look(first), 0);
    first.unref?.();
    this.#timer = first;
  }
}

/** Reads the log from where it began to, each row once. */
class Reader {
  readonly #options: FeedOptions;
  /** Every row up to this one has been seen, or comes too late. */
  #floor: number | undefined;
  /** Rows above, with the instant at which they were seen first. */
  readonly #seen = new Map<number, number>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  async read(): Promise<readonly EndedRow[]> {
    const { use, sql } = this.#options;
    const fresh: EndedRow[] = [];
    await use(async (transaction) => {
      const last = async (): Promise<number> => {
        const [row] = await transaction.rows<{ last: Integer | null }>(sql.lastEnded);
        return Number(row?.last ?? 0);
      };
      if (this.#floor === undefined) this.#floor = await last();
      let from = this.#forget(this.#floor);
      for (let full = true; full; ) {
        const rows = await transaction.rows<EndedRow>(sql.endedSince, from);
        fresh.push(...rows.filter((row) => this.#isNew(Number(row.id))));
        from = Number(rows.at(-1)?.id ?? from);
        full = rows.length === PAGE;
      }
      // The table was emptied or made again, and counts from the beginning.
      if (from === this.#floor && from > 0 && (await last()) < from) this.#floor = await last();
    });
    return fresh;
  }

  #isNew(id: number): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.set(id, stopwatchNow());
    return true;
  }

  /** Moves the floor up to what was seen long ago. */
  #forget(floor: number): number {
    let moved = floor;
    for (const [id, at] of this.#seen) {
      if (stopwatchNow() - at < LATE) break;
      this.#seen.delete(id);
      moved = Math.max(moved, id);
    }
    this.#floor = moved;
    return moved;
  }
}
