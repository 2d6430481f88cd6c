/**
 * How large a page is, and the cursors of a user's listing, over entries that have been read and sorted already.
 */
import type { Entry, PageRequest } from "../store.ts";

/** Items on a page: 1 to 1,000, default 100. */
export function pageSize(page: PageRequest | undefined): number {
  const limit = Math.trunc(page?.limit ?? 100);
  return limit >= 1 ? Math.min(limit, 1000) : 1;
}

/** The cursor that goes on after an entry of a user's listing. */
export function entryCursor({ key, record }: Entry): string {
  return `${record.createdAt} ${key}`;
}

/** What comes after a cursor in a sorted listing; nothing, when the cursor was never given. */
export function entriesAfter(entries: readonly Entry[], cursor: string | undefined): readonly Entry[] {
  if (cursor === undefined) return entries;
  // From an address it may be anything: `?cursor[a]=1` is an object to most parsers.
  if (typeof cursor !== "string") return [];
  const [, createdAt, last] = /^(\S+) (.*)$/s.exec(cursor) ?? [];
  if (last === undefined) return [];
  const at = Number(createdAt);
  return entries.filter(({ key, record }) => record.createdAt > at || (record.createdAt === at && key > last));
}
