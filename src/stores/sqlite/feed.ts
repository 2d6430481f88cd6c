import type { SessionKey } from "../../record.ts";
import { Listeners } from "../parts/listeners.ts";
import { fromText, toText } from "../parts/text.ts";
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
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    let sql: Statements | undefined;
    const timer = setInterval(() => {
      if (sql) this.#poll(sql);
      else void begin();
    }, this.#every);
    timer.unref?.();
    this.#timer = timer;
    const begin = async (): Promise<void> => {
      try {
        const opened = await this.#open();
        if (sql !== undefined || this.#timer !== timer) return;
        this.#last = Number((opened.lastEnded.get() as { last: Integer | null }).last ?? 0);
        sql = opened;
      } catch {
        // The next turn tries again; the verbs say what is wrong.
      }
    };
    void begin();
  }

  #poll(sql: Statements): void {
    try {
      for (let full = true; full; ) {
        const rows = sql.endedSince.all(this.#last, PAGE) as EndedRow[];
        this.#last = Number(rows.at(-1)?.id ?? this.#last);
        this.tell(rows.filter((row) => row.origin !== this.#origin).map((row) => fromText(row.key)));
        full = rows.length === PAGE;
      }
    } catch {
      // Busy or down: the rows are still there at the next turn.
    }
  }
}
