/**
 * The feed of ended sessions: a table that each store on the database writes its own ends into, and reads while
 * somebody watches.
 */
import type { SessionKey } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { fromText, toText } from "../parts/text.ts";
import { clearInterval, setInterval } from "../parts/timers.ts";
import type { Integer } from "../sql/sqlite-row.ts";
import type { Statements } from "./statements.ts";

/** How many rows of the log are read at a time. */
const PAGE = 500;

interface EndedRow {
  readonly id: Integer;
  readonly key: string;
  readonly origin: string;
}

/**
 * Tells listeners which sessions ended. What this store ends is told at once; what others end is read
 * from the log table, every `watchEvery` milliseconds and only while somebody listens. The question is one
 * step down an index: it is asked plainly, because PRAGMA data_version costs as much and does not see the
 * writes of another store on the same connection.
 */
export class Feed {
  readonly #origin = crypto.randomUUID();
  readonly #listeners: Listeners = new Listeners(() => this.#halt());
  readonly #every: number;
  readonly #open: () => Promise<Statements>;
  #timer: ReturnType<typeof setInterval> | undefined;
  #last = 0;
  /** What was last looked at. */
  #sql: Statements | undefined;

  constructor(every: number, open: () => Promise<Statements>) {
    this.#every = every;
    this.#open = open;
  }

  /** Writes what ended into the log, in the transaction that ended it. */
  log(sql: Statements, ended: readonly SessionKey[]): void {
    if (ended.length === 0) return;
    sql.logEnded.run(this.#origin, JSON.stringify(ended.map(toText)));
    sql.trimEnded.run();
  }

  /** Tells the listeners of this store. */
  tell(ended: readonly SessionKey[]): void {
    this.#listeners.tell(ended);
  }

  watch(call: (key: SessionKey) => void): () => void {
    const unwatch = this.#listeners.add(call);
    if (this.#timer === undefined) this.#start();
    return unwatch;
  }

  stop(): void {
    this.#listeners.clear();
    this.#halt();
  }

  #halt(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sql = undefined;
  }

  #start(): void {
    this.#sql = undefined;
    const timer = setInterval(() => void this.#look(timer), this.#every);
    timer.unref?.();
    this.#timer = timer;
    void this.#look(timer);
  }

  /** The first look at a database finds where its log ends, and so does one after another file came in its place. */
  async #look(timer: unknown): Promise<void> {
    try {
      const sql = await this.#open();
      if (this.#timer !== timer) return;
      if (sql === this.#sql) return this.#poll(sql);
      this.#last = Number((sql.lastEnded.get() as { last: Integer | null }).last ?? 0);
      this.#sql = sql;
    } catch {
      // Busy or down: the rows are still there at the next turn, and the verbs say what is wrong.
    }
  }

  #poll(sql: Statements): void {
    for (let full = true; full; ) {
      const rows = sql.endedSince.all(this.#last, PAGE) as EndedRow[];
      this.#last = Number(rows.at(-1)?.id ?? this.#last);
      this.tell(rows.filter((row) => row.origin !== this.#origin).map((row) => fromText(row.key)));
      full = rows.length === PAGE;
    }
  }
}
