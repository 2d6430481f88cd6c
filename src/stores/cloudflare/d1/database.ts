import type { Bound, D1Answer, D1Binding } from "./binding.ts";

/**
 * Runs statements, and makes the tables when it is told that there are none: a Worker starts too often to look
 * every time, and the statement that fails for want of a table has changed nothing.
 */
export class Database {
  readonly #binding: D1Binding;
  readonly #table: string;
  readonly #schema: readonly string[] | undefined;

  /** @param schema What makes the tables; undefined when the store may not. */
  constructor(binding: D1Binding, table: string, schema: readonly string[] | undefined) {
    this.#binding = binding;
    this.#table = table;
    this.#schema = schema;
  }

  /** One statement. */
  one(...[sql, ...values]: Bound): Promise<D1Answer> {
    return this.#run(() =>
      this.#binding
        .prepare(sql)
        .bind(...values)
        .all(),
    );
  }

  /** Several in one transaction and one round trip. */
  all(statements: readonly Bound[]): Promise<D1Answer[]> {
    return this.#run(() =>
      this.#binding.batch(statements.map(([sql, ...values]) => this.#binding.prepare(sql).bind(...values))),
    );
  }

  async #run<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (this.#schema === undefined || !this.#lacksTable(error)) throw error;
      // Nothing is kept of it: two requests may make the tables at once, each by itself, and the second changes nothing.
      await this.#binding.batch(this.#schema.map((sql) => this.#binding.prepare(sql)));
      return ask();
    }
  }

  #lacksTable(error: unknown): boolean {
    return error instanceof Error && error.message.includes(`no such table: ${this.#table}`);
  }
}
