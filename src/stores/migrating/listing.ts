/**
 * The listing of a user's sessions over a pair of stores: two listings merged into one, with a cursor that holds both.
 */
import { pageSize } from "../parts/paging.ts";
import type { Entry, Page, PageRequest, UserStore } from "../store.ts";
import type { Pair } from "./pair.ts";
import type { Side } from "./slot.ts";
import { labelled, slotOf } from "./slot.ts";

/** The place of a session in a user's listing. */
type Place = readonly [createdAt: number, key: string];

/** A store's cursor; empty at the beginning, null when it has no more. */
type Cursor = string | null;

/** Where a listing goes on: in each store, and after which place. */
type Start = readonly [from: Cursor, to: Cursor, after: Place];

const SIDES: readonly Side[] = ["from", "to"];

/** Before every place that there is. */
const FIRST: Place = [Number.NEGATIVE_INFINITY, ""];

/**
 * The user's sessions of both stores, merged. Both list in the same order, so what is before the end of both pages is
 * complete. The old store is asked first: what moves in between is in both answers or in the second.
 */
export async function listSessions(
  pair: Pair,
  users: Readonly<Record<Side, UserStore>>,
  userId: string,
  { cursor, limit: asked }: PageRequest,
): Promise<Page<Entry>> {
  // Bounded here too: a page that takes nothing would be asked for again and again.
  const limit = pageSize(asked);
  let start: Start | undefined = cursor === undefined ? ["", "", FIRST] : parse(cursor);
  while (start) {
    const pages: Page<Entry>[] = [];
    for (const [index, side] of SIDES.entries()) {
      const at = start[index] as Cursor;
      pages.push(at === null ? { items: [] } : await users[side].list(userId, { cursor: at || undefined, limit }));
    }
    const { taken, next } = merge(pages, start, limit);
    const items: Entry[] = [];
    for (const { side, entry } of taken) {
      const shown = await show(pair, side, entry);
      if (shown) items.push(shown);
    }
    if (items.length > 0 || next === undefined) {
      return next === undefined ? { items } : { items, cursor: JSON.stringify(next) };
    }
    start = next;
  }
  return { items: [] };
}

interface Taken {
  readonly side: Side;
  readonly entry: Entry;
}

function merge(
  pages: readonly Page<Entry>[],
  start: Start,
  limit: number,
): { readonly taken: readonly Taken[]; readonly next: Start | undefined } {
  const [, , after] = start;
  const ends = pages.flatMap(({ items, cursor }) => (cursor === undefined ? [] : [placeOf(items.at(-1))]));
  const byKey = new Map<string, Taken>();
  for (const [index, { items }] of pages.entries()) {
    for (const entry of items) {
      const place = placeOf(entry);
      if (compare(place, after) <= 0 || ends.some((end) => compare(place, end) > 0)) continue;
      byKey.set(entry.key, { side: SIDES[index] as Side, entry });
    }
  }
  const all = [...byKey.values()].sort((a, b) => compare(placeOf(a.entry), placeOf(b.entry)));
  const taken = all.slice(0, limit);
  // When all that is known was taken: on from where the shorter page ends.
  const end = taken.length < all.length ? placeOf(taken.at(-1)?.entry) : ends.sort(compare)[0];
  if (end === undefined) return { taken, next: undefined };
  const last = compare(end, after) > 0 ? end : after;
  const [from, to] = pages.map(({ items, cursor }, index): Cursor => {
    const isUsedUp = items.every((entry) => compare(placeOf(entry), last) <= 0);
    return isUsedUp ? (cursor ?? null) : (start[index] as Cursor);
  }) as [Cursor, Cursor];
  return { taken, next: from === null && to === null ? undefined : [from, to, last] };
}

/** As callers see it: what is on its way is looked for, and what is no session left out. */
async function show(pair: Pair, side: Side, entry: Entry): Promise<Entry | undefined> {
  const { key, record } = entry;
  if (slotOf(record).kind === "record") return { key, record: labelled(side, record) };
  const found = await pair.look(key);
  return found ? { key, record: labelled(found.side, found.record) } : undefined;
}

function placeOf(entry: Entry | undefined): Place {
  return entry ? [entry.record.createdAt, entry.key] : FIRST;
}

function compare(a: Place, b: Place): number {
  if (a[0] !== b[0]) return a[0] - b[0];
  return a[1] === b[1] ? 0 : a[1] < b[1] ? -1 : 1;
}

/** Undefined for what is no cursor of ours. */
function parse(cursor: string): Start | undefined {
  let value: unknown;
  try {
    value = JSON.parse(cursor);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [from, to, after] = value as unknown[];
  const isCursor = (each: unknown): each is Cursor => each === null || typeof each === "string";
  const isPlace = Array.isArray(after) && typeof after[0] === "number" && typeof after[1] === "string";
  if (!isCursor(from) || !isCursor(to) || !isPlace) return undefined;
  return [from, to, [after[0] as number, after[1] as string]];
}
