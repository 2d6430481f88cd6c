import { cursorAt, type Position, pageSize, parseCursor, toPage } from "../sql/paging.ts";
import { toText } from "../sql/text.ts";
import type { Entry, Page, PageRequest } from "../store.ts";
import type { Row } from "./row.ts";
import { toEntry } from "./row.ts";
import type { Statements } from "./statements.ts";

const FIRST: Position = [-Number.MAX_VALUE, ""];

/** By `createdAt` and key; the cursor is the last pair that was given. */
export function list(sql: Statements, userId: string, page: PageRequest, now: number): Page<Entry> {
  const limit = pageSize(page.limit);
  const after = page.cursor === undefined ? FIRST : parseCursor(page.cursor);
  if (after === undefined) return { items: [] };
  const rows = sql.listOfUser.all(toText(userId), now, ...after, limit + 1) as Row[];
  return toPage(rows, limit, toEntry, (row) => cursorAt(Number(row.created_at), row.key));
}

/** By key: the one order in which a row keeps its place whatever happens to it. */
export function scan(sql: Statements, page: PageRequest, now: number): Page<Entry> {
  const limit = pageSize(page.limit);
  const rows = sql.listAll.all(page.cursor ?? "", now, limit + 1) as Row[];
  return toPage(rows, limit, toEntry, (row) => row.key);
}
