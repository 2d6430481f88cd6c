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

/** A statement and what is bound to it. */
export type Bound = readonly [sql: string, ...values: SqliteValue[]];
