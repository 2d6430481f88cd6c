/**
 * The binding of a D1 database, as far as it is used, and how statements are run on it, the missing tables made on the
 * way.
 */
import { SessionError } from "../../../errors.ts";
import { explained } from "../../sql/sqlite-faults.ts";
import { lacksTable } from "../../sql/sqlite-schema.ts";
import type { SqliteValue } from "../../sql/sqlite-statements.ts";

/** What a statement answered. */
export interface D1Answer {
  readonly results: unknown[];
  readonly meta: { readonly changes: number };
}

/** The part of a `D1PreparedStatement` that is used. */
export interface D1Statement {
  bind(...values: unknown[]): D1Statement;
  all(): Promise<D1Answer>;
}

/** The part of a `D1Database` that is used; the binding has it as it is. */
export interface D1Binding {
  prepare(sql: string): D1Statement;
  batch(statements: D1Statement[]): Promise<D1Answer[]>;
}

const LIMIT = "D1 takes at most 2 MB in one row";

/** A statement and what is bound to it. */
export type Bound = readonly [sql: string, ...values: SqliteValue[]];

/**
 * Runs statements, and makes the tables when it is told that there are none: a Worker starts too often to look
 * every time, and the statement that fails for want of a table has changed nothing.
 */
export class Database {
  readonly #binding: D1Binding;
  readonly #table: string;
  readonly #schema: (() => readonly string[]) | undefined;

  /** @param schema What makes or mends the tables; undefined when the store may not. */
  constructor(binding: D1Binding, table: string, schema: (() => readonly string[]) | undefined) {
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
      if (!lacksTable(error, this.#table)) throw explained(error, LIMIT);
      if (this.#schema === undefined) throw missing(error);
      // Nothing is kept of it: two requests may make the tables at once, each by itself, and the second changes
      // nothing.
      await this.#binding.batch(this.#schema().map((sql) => this.#binding.prepare(sql)));
      return ask().catch((again: unknown) => {
        throw explained(again, LIMIT);
      });
    }
  }
}

function missing(error: unknown): SessionError {
  const [which = "no such table"] = /no such table: \w+/.exec(String(error)) ?? [];
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `D1: ${which}, and "create" is false: run what \`npx sojourn schema d1\` prints.`,
    error,
  );
}
