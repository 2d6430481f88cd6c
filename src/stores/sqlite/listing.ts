import { invalidOption } from "../../errors.ts";
import type { Entry, Page, PageRequest } from "../store.ts";
import type { Row } from "./row.ts";
import { toEntry, toText } from "./row.ts";
import type { Statements } from "./statements.ts";

/** Items of a page: 1 to 1,000, default 100. */
function pageSize(limit = 100): number {
  return limit >= 1 ? Math.min(Math.trunc(limit), 1000) : 1;
}

/** The `limit` of a bulk verb. Never less than was asked for: an answer below it means that none is left. */
export function checkLimit(limit = 1000): number {
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalidOption("limit", limit, "a whole number of 1 or more");
  return limit;
}

/** One more than asked for is read, to know whether there is a next page. */
function toPage(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Entry> {
  const items = rows.slice(0, limit).map(toEntry);
  const last = rows[limit - 1];
  return rows.length > limit && last ? { items, cursor: cursorOf(last) } : { items };
}

/** By `createdAt` and key; the cursor is the last pair that was given. */
export function list(sql: Statements, userId: string, page: PageRequest, now: number): Page<Entry> {
  const limit = pageSize(page.limit);
  const after = page.cursor === undefined ? FIRST : parseCursor(page.cursor);
  if (after === undefined) return { items: [] };
  const rows = sql.listOfUser.all(toText(userId), now, ...after, limit + 1) as Row[];
  return toPage(rows, limit, (row) => JSON.stringify([Number(row.created_at), row.key]));
}

/** By key: the one order in which a row keeps its place whatever happens to it. */
export function scan(sql: Statements, page: PageRequest, now: number): Page<Entry> {
  const limit = pageSize(page.limit);
  const rows = sql.listAll.all(page.cursor ?? "", now, limit + 1) as Row[];
  return toPage(rows, limit, (row) => row.key);
}

type Position = readonly [createdAt: number, key: string];

const FIRST: Position = [-Number.MAX_VALUE, ""];

/** Undefined for what no page ever gave: cursors travel in URLs, and nothing comes after such a one. */
function parseCursor(cursor: string): Position | undefined {
  try {
    const [createdAt, key] = JSON.parse(cursor) as [unknown, unknown];
    return typeof createdAt === "number" && typeof key === "string" ? [createdAt, key] : undefined;
  } catch {
    return undefined;
  }
}
