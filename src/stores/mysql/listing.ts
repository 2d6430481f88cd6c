/**
 * The verbs that give sessions in pages: `list` those of a user, `scan` those of everybody.
 */
import type { Clock } from "../../clock.ts";
import type { Position } from "../parts/paging.ts";
import { cursorAt, pageSize, parseCursor, toPage } from "../parts/paging.ts";
import type { Entry, Page, PageRequest } from "../store.ts";
import type { Work } from "./connections.ts";
import type { Row } from "./row.ts";
import { isKey, knownUser, toEntry } from "./row.ts";
import type { Statements } from "./statements.ts";

const NOTHING: Page<Entry> = { items: [] };

/** Before every session: no key is empty. */
const FIRST: Position = [Number.MIN_SAFE_INTEGER, ""];

/**
 * By `createdAt` and key; the cursor is the last pair that was given. Numbers of rows go in as text: MySQL refuses a
 * double.
 */
export function list(sql: Statements, userId: string, page: PageRequest, clock: Clock): Work<Page<Entry>> {
  const user = knownUser(userId);
  const limit = pageSize(page.limit);
  const after = page.cursor === undefined ? FIRST : parseCursor(page.cursor);
  if (user === undefined || after === undefined || (after !== FIRST && !isKey(after[1]))) return async () => NOTHING;
  const [createdAt, key] = after;
  const from = [createdAt, createdAt, key];
  return async (transaction) => {
    const rows = await transaction.rows<Row>(sql.list, user, ...from, clock(), String(limit + 1));
    return toPage(rows, limit, toEntry, (row) => cursorAt(Number(row.created_at), row.session_key));
  };
}

/** By key: the one order in which a row keeps its place whatever happens to it. */
export function scan(sql: Statements, page: PageRequest, clock: Clock): Work<Page<Entry>> {
  const limit = pageSize(page.limit);
  const { cursor } = page;
  if (cursor !== undefined && !isKey(cursor)) return async () => NOTHING;
  return async (transaction) => {
    const rows = await transaction.rows<Row>(sql.scan, cursor ?? "", clock(), String(limit + 1));
    return toPage(rows, limit, toEntry, (row) => row.session_key);
  };
}
