/**
 * The pages of `list` and `scan` in SQLite: what their statements are bound to, and how rows become a page.
 */
import { cursorAt, type Position, pageSize, parseCursor, toPage } from "../parts/paging.ts";
import { isPlain, toText } from "../parts/text.ts";
import type { Entry, Page, PageRequest } from "../store.ts";
import type { Row } from "./sqlite-row.ts";
import { toEntry } from "./sqlite-row.ts";
import type { RecordStatements, SqliteValue } from "./sqlite-statements.ts";

const FIRST: Position = [-Number.MAX_VALUE, ""];

/** What to bind to `listOfUser` or `listAll`, and how to make a page of the rows. */
export interface Listing {
  readonly values: readonly SqliteValue[];
  page(rows: readonly Row[]): Page<Entry>;
}

/** By `createdAt` and key; the cursor is the last pair that was given. Undefined for a cursor that no page gave. */
export function listingOfUser(userId: string, page: PageRequest, now: number): Listing | undefined {
  const limit = pageSize(page.limit);
  const after = page.cursor === undefined ? FIRST : parseCursor(page.cursor);
  return (
    after && {
      values: [toText(userId), now, ...after, limit + 1],
      page: (rows) => toPage(rows, limit, toEntry, (row) => cursorAt(Number(row.created_at), row.key)),
    }
  );
}

/**
 * By key: the one order in which a row keeps its place whatever happens to it. Undefined for what can be no cursor: it
 * may come out of a URL, and be no text at all.
 */
export function listingOfAll(page: PageRequest, now: number): Listing | undefined {
  const limit = pageSize(page.limit);
  const after: unknown = page.cursor ?? "";
  if (typeof after !== "string" || !isPlain(after)) return undefined;
  return {
    values: [after, now, limit + 1],
    page: (rows) => toPage(rows, limit, toEntry, (row) => row.key),
  };
}

export function list(sql: RecordStatements, userId: string, page: PageRequest, now: number): Page<Entry> {
  const listing = listingOfUser(userId, page, now);
  return listing ? listing.page(sql.listOfUser.all(...listing.values) as Row[]) : { items: [] };
}

export function scan(sql: RecordStatements, page: PageRequest, now: number): Page<Entry> {
  const listing = listingOfAll(page, now);
  return listing ? listing.page(sql.listAll.all(...listing.values) as Row[]) : { items: [] };
}
