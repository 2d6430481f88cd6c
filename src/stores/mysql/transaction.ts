/**
 * How work uses a connection: what has values is prepared by the server, what belongs together is one transaction, and
 * after a failure nothing more is sent than what undoes it.
 */
import type { MysqlConnection, MysqlStatement, MysqlValue } from "./client.ts";

/**
 * Overrules what a pool of the application may have been told about rows. Its own `typeCast` gives way to another
 * function only, not to `true`.
 */
const PLAIN = {
  rowsAsArray: false,
  nestTables: false,
  typeCast: (_field: unknown, next: () => unknown): unknown => next(),
} as const;

/** One turn on a connection: statements one after the other, and at most one transaction at a time. */
export class Transaction {
  readonly #connection: MysqlConnection;
  #open = false;
  #stopped: Error | undefined;

  constructor(connection: MysqlConnection) {
    this.#connection = connection;
  }

  /**
   * Prepared by the server, once per connection, and never put together here: quoting in the client is only safe
   * while it knows the server's sql_mode and the connection's character set, and those are the application's.
   */
  async #send(sql: string, values: readonly MysqlValue[]): Promise<unknown> {
    if (this.#stopped) throw this.#stopped;
    const statement: MysqlStatement = { sql, values: [...values], ...PLAIN };
    return (await this.#connection.execute(statement))[0];
  }

  async rows<Row>(sql: string, ...values: readonly MysqlValue[]): Promise<readonly Row[]> {
    return (await this.#send(sql, values)) as Row[];
  }

  /** How many rows were changed; with the flag FOUND_ROWS, which mysql2 sets by default, how many were found. */
  async change(sql: string, ...values: readonly MysqlValue[]): Promise<number> {
    return ((await this.#send(sql, values)) as { affectedRows: number }).affectedRows;
  }

  /** What cannot be prepared: a constant, no value in it. */
  async plain(sql: string): Promise<void> {
    if (this.#stopped) throw this.#stopped;
    await this.#connection.query(sql);
  }

  /**
   * All of the work or nothing of it. Not nested. What fails is rolled back by `undo`, and here what came to a result
   * that is not to be kept.
   */
  async run<T>(work: () => Promise<T>, isKept: (result: T) => boolean = () => true): Promise<T> {
    this.#open = true;
    await this.plain("START TRANSACTION");
    const result = await work();
    await this.plain(isKept(result) ? "COMMIT" : "ROLLBACK");
    this.#open = false;
    return result;
  }

  /** Whoever asked has been told that it failed: the work must not go on when the server does. */
  stop(why: Error): void {
    this.#stopped ??= why;
  }

  /** Ends a transaction that did not come to its end. */
  async undo(): Promise<void> {
    if (!this.#open) return;
    await this.#connection.query("ROLLBACK");
    this.#open = false;
  }
}
