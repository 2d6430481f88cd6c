/**
 * The pages of a user's listing and of a scan, and the cursors that lead from one page to the next.
 */
import type { SessionKey } from "../../record.ts";
import type { Entry, Page, PageRequest } from "../store.ts";
import { NONE } from "./columns.ts";
import type { Table } from "./table.ts";

/** Items on a page: 1 to 1,000, default 100. */
function pageSize(page: PageRequest | undefined): number {
  const limit = Math.trunc(page?.limit ?? 100);
  return limit >= 1 ? Math.min(limit, 1000) : 1;
}

/** The last entry that a page gave. */
export interface Place {
  readonly createdAt: number;
  readonly key: SessionKey;
}

/** Whether an entry comes after a place in the order of a user's listing. */
function after({ key, record }: Entry, place: Place): boolean {
  return record.createdAt > place.createdAt || (record.createdAt === place.createdAt && key > place.key);
}

/** Cursors of a user's listing. `read` gives undefined for none, null for one that was never given. */
const entryCursor: {
  write(last: Entry): string;
  read(cursor: string | undefined): Place | null | undefined;
} = {
  write: ({ key, record }) => `${record.createdAt} ${key}`,
  read: (cursor) => {
    if (cursor === undefined) return undefined;
    // From an address it may be anything: `?cursor[a]=1` is an object to most parsers.
    if (typeof cursor !== "string") return null;
    const [, createdAt, key] = /^(\S+) (.*)$/s.exec(cursor) ?? [];
    return key === undefined || Number.isNaN(Number(createdAt)) ? null : { createdAt: Number(createdAt), key };
  },
};

/** Cursors of a scan: the last slot. One that was never given leads past the end. */
const scanCursor: { write(slot: number): string; read(cursor: string | undefined): number } = {
  write: (slot) => String(slot),
  read: (cursor) => {
    if (cursor === undefined) return NONE;
    return typeof cursor === "string" && /^\d{1,10}$/.test(cursor) ? Number(cursor) : Number.MAX_SAFE_INTEGER - 1;
  },
};

/** A page of a user's live sessions. */
export function pageOfUser(table: Table, userId: string, now: number, page: PageRequest | undefined): Page<Entry> {
  const start = entryCursor.read(page?.cursor);
  const limit = pageSize(page);
  const items: Entry[] = [];
  if (start === null) return { items };
  for (const slot of table.usersSlots(userId)) {
    if (!table.isLive(slot, now)) continue;
    const entry = table.entry(slot);
    if (start && !after(entry, start)) continue;
    if (items.length === limit) return { items, cursor: entryCursor.write(items[limit - 1] as Entry) };
    items.push(entry);
  }
  return { items };
}

/** A page of all live sessions. */
export function pageOfAll(table: Table, now: number, page: PageRequest | undefined): Page<Entry> {
  const limit = pageSize(page);
  const items: Entry[] = [];
  // A record keeps its slot for life, so the order of slots is one that others cannot disturb.
  let last: number = NONE;
  for (let slot = scanCursor.read(page?.cursor) + 1; slot < table.end; slot++) {
    if (!table.isUsed(slot) || !table.isLive(slot, now)) continue;
    if (items.length === limit) return { items, cursor: scanCursor.write(last) };
    items.push(table.entry(slot));
    last = slot;
  }
  return { items };
}
