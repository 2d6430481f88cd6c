/**
 * The layouts of a store's tables and the steps from one to the next, for every SQL database. A database keeps two
 * numbers beside its tables: the layout that they have, and the oldest layout whose code still works on them.
 */
import { SessionError } from "../../errors.ts";

/** What a database says about its tables; twice 0 when it has none. */
export interface Layout {
  readonly layout: number;
  /** The oldest layout whose code works on them, so that a roll-out can go process by process, and back. */
  readonly compatible: number;
}

/**
 * What brings a database from the layout before to this one. `About` is what the statements are made of: names,
 * options.
 */
export interface Step<About extends readonly unknown[]> extends Layout {
  /** Where a step is no single transaction, each statement must bear to be run again. */
  statements(...about: About): readonly string[];
}

export const NONE: Layout = { layout: 0, compatible: 0 };

/** The layout that the last of the steps leads to, which is the one that this release reads and writes. */
export function latestOf(steps: readonly Layout[]): Layout {
  return steps.at(-1) ?? NONE;
}

/** The steps that a database of this layout still needs, in their order. */
export function stepsAfter<S extends Layout>(found: Layout, steps: readonly S[]): readonly S[] {
  return steps.filter((step) => step.layout > found.layout);
}

/** `older` wants the steps after it; `newer` is one that this release cannot use. */
export type Fit = "usable" | "older" | "newer";

/** Whether code that ends at the last of the steps can use tables of this layout. */
export function fitOf(found: Layout, steps: readonly Layout[]): Fit {
  const { layout } = latestOf(steps);
  if (found.layout < layout) return "older";
  return found.compatible <= layout ? "usable" : "newer";
}

/** For the message of tables that cannot be used. */
export interface Complaint {
  /** As people know the backend: "PostgreSQL", "SQLite". */
  readonly backend: string;
  readonly table: string;
  readonly found: Layout;
  readonly steps: readonly Layout[];
  /** What makes or upgrades the tables when the store may not, such as "run what `npx sojourn schema mysql` prints". */
  readonly remedy: string;
}

/** Says which layout was found, which is wanted, and what to do. */
export function unusableLayout({ backend, table, found, steps, remedy }: Complaint, cause?: unknown): SessionError {
  const { layout } = latestOf(steps);
  const newer = fitOf(found, steps) === "newer";
  const state = found.layout === 0 ? "are missing" : `have layout ${found.layout}`;
  const does = newer ? `this release of Sojourn reads layouts up to ${layout}` : `layout ${layout} is wanted`;
  const todo = newer ? 'use the release that wrote them, or another "table"' : remedy;
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `${backend}: the tables of ${table} ${state}, ${does}: ${todo}.`,
    cause,
  );
}
