/**
 * The verbs over all sessions of a pair of stores: `scan`, through the old store before the new one, and `clear`.
 */
import { checkLimit, pageSize } from "../parts/paging.ts";
import type { Entry, Page, PageRequest, ScanStore } from "../store.ts";
import { endMany } from "./bulk.ts";
import type { Pair } from "./pair.ts";
import type { Side } from "./slot.ts";
import { labelled, slotOf } from "./slot.ts";

type ScanVerbs = Pick<ScanStore, "scan" | "clear">;
type Scans = Readonly<Record<Side, ScanStore>>;

export function scanVerbs(pair: Pair, scans: Scans): ScanVerbs {
  return {
    scan: (page = {}) => scanBoth(pair, scans, page),
    clear: async ({ limit, at } = {}) => {
      const endIn = (side: Side, most: number) => scans[side].clear({ limit: most, at });
      return (await endMany(pair, { limit: checkLimit(limit), endIn })) ?? [];
    },
  };
}

/**
 * The old store, and then the new one, so that what moves meanwhile is not missed. It is given twice when it moves
 * after it was given, for nothing in a record tells that.
 */
async function scanBoth(pair: Pair, scans: Scans, page: PageRequest): Promise<Page<Entry>> {
  const { cursor = "from" } = page;
  const limit = pageSize(page.limit);
  const items: Entry[] = [];
  let next: string | undefined = cursor;
  while (next !== undefined && items.length < limit) {
    const start = parse(next);
    if (!start) break;
    const found: Page<Entry> = await scans[start.side].scan({ cursor: start.cursor, limit: limit - items.length });
    for (const entry of found.items) {
      const shown = await show(pair, start.side, entry);
      if (shown) items.push(shown);
    }
    if (found.cursor !== undefined) next = start.side + found.cursor;
    else next = start.side === "from" ? "to" : undefined;
  }
  return next === undefined || items.length === 0 ? { items } : { items, cursor: next };
}

function parse(cursor: unknown): { readonly side: Side; readonly cursor: string | undefined } | undefined {
  // From an address it may be anything: `?cursor[a]=1` is an object to most parsers.
  const [, side, rest] = (typeof cursor === "string" && /^(from|to)(.*)$/s.exec(cursor)) || [];
  return side === undefined ? undefined : { side: side as Side, cursor: rest || undefined };
}

/** What is on its way is given by the copy, which is where it will be, unless the session has not left yet. */
async function show(pair: Pair, side: Side, { key, record }: Entry): Promise<Entry | undefined> {
  const { kind } = slotOf(record);
  if (kind === "record") return { key, record: labelled(side, record) };
  if (kind !== "copy") return undefined;
  const found = await pair.look(key);
  return found?.side === side ? { key, record: labelled(found.side, found.record) } : undefined;
}
