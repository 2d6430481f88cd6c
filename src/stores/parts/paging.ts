/**
 * The pages and limits that stores share, and the cursor of a user's listing.
 */
import { invalidOption } from "../../errors.ts";
import type { Entry, Page } from "../store.ts";
import { isPlain } from "./text.ts";

/** Items of a page: 1 to 1,000, default 100. */
export function pageSize(limit = 100): number {
  return limit >= 1 ? Math.min(Math.trunc(limit), 1000) : 1;
}

/** The `limit` of a bulk verb. Never less than was asked for: an answer below it means that none is left. */
export function checkLimit(limit = 1000): number {
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalidOption("limit", limit, "a whole number of 1 or more");
  return limit;
}

/** One row more than asked for is read, to know whether there is a next page. */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  toEntry: (row: Row) => Entry,
  cursorOf: (row: Row) => string,
): Page<Entry> {
  const items = rows.slice(0, limit).map(toEntry);
  const last = rows[limit - 1];
  return rows.length > limit && last !== undefined ? { items, cursor: cursorOf(last) } : { items };
}

/** The place of a session in its user's listing: `createdAt`, and the key as it is in its column. */
export type Position = readonly [createdAt: number, key: string];

export function cursorAt(...position: Position): string {
  return JSON.stringify(position);
}

/** The furthest that a Date reaches; databases reach a little further. */
const LAST = 8_640_000_000_000_000;

/** Undefined for what no page ever gave: cursors travel in URLs, and nothing comes after such a one. */
export function parseCursor(cursor: string): Position | undefined {
  // "?cursor[a]=1" comes as an object.
  if (typeof cursor !== "string") return undefined;
  try {
    const [createdAt, key] = JSON.parse(cursor) as [unknown, unknown];
    if (typeof createdAt !== "number" || typeof key !== "string") return undefined;
    return Math.abs(createdAt) <= LAST && isPlain(key) ? [createdAt, key] : undefined;
  } catch {
    return undefined;
  }
}
