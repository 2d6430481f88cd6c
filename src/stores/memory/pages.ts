import type { SessionKey } from "../../record.ts";
import type { Entry, PageRequest } from "../store.ts";
import { NONE } from "./columns.ts";

/** Items on a page: 1 to 1,000, default 100. */
export function pageSize(page: PageRequest | undefined): number {
  const limit = Math.trunc(page?.limit ?? 100);
  return limit >= 1 ? Math.min(limit, 1000) : 1;
}

/** The last entry that a page gave. */
export interface Place {
  readonly createdAt: number;
  readonly key: SessionKey;
}

/** Whether an entry comes after a place in the order of a user's listing. */
export function after({ key, record }: Entry, place: Place): boolean {
  return record.createdAt > place.createdAt || (record.createdAt === place.createdAt && key > place.key);
}

/** Cursors of a user's listing. `read` gives undefined for none, null for one that was never given. */
export const entryCursor: {
  write(last: Entry): string;
  read(cursor: string | undefined): Place | null | undefined;
} = {
  write: ({ key, record }) => `${record.createdAt} ${key}`,
  read: (cursor) => {
    if (cursor === undefined) return undefined;
    const [, createdAt, key] = /^(\S+) (.*)$/s.exec(cursor) ?? [];
    return key === undefined || Number.isNaN(Number(createdAt)) ? null : { createdAt: Number(createdAt), key };
  },
};

/** Cursors of a scan: the last slot. One that was never given leads past the end. */
export const scanCursor: { write(slot: number): string; read(cursor: string | undefined): number } = {
  write: (slot) => String(slot),
  read: (cursor) => {
    if (cursor === undefined) return NONE;
    return /^\d{1,10}$/.test(cursor) ? Number(cursor) : Number.MAX_SAFE_INTEGER - 1;
  },
};
