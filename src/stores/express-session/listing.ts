/**
 * Every record of a store, page by page, for `all`, `length` and `clear` of express-session.
 */
import type { Entry, ScanStore } from "../store.ts";

/** Every live record, page by page. */
export async function* entriesOf(store: ScanStore): AsyncGenerator<Entry> {
  let cursor: string | undefined;
  do {
    const page = await store.scan({ cursor, limit: 1000 });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Ends every session, in as many bounded steps as it takes. */
export async function clearAll(store: ScanStore): Promise<void> {
  const limit = 1000;
  while ((await store.clear({ limit })).length === limit);
}
