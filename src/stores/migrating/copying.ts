/**
 * The walk of `migrate` through the old store: sessions brought home a batch at a time, and how far it has come.
 */
import { SessionError } from "../../errors.ts";
import type { ScanStore } from "../store.ts";
import { forEach } from "./bulk.ts";
import type { Pair } from "./pair.ts";
import { bringHome } from "./users.ts";

/** How the rest is moved. */
export interface MigrateOptions {
  /** Sessions that one step moves at most, eight at a time; 1 to 1,000, default 100. */
  readonly batch?: number | undefined;
  /**
   * Where an earlier walk was stopped: the `cursor` of its last progress. Default: from the beginning, which is never
   * wrong.
   */
  readonly cursor?: string | undefined;
  /** Ends the walk after the step that is under way. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a walk has come. */
export interface MigrationProgress {
  /** Sessions of the old store that were looked at, in this walk. */
  readonly scanned: number;
  /** Of those, moved by this walk. */
  readonly moved: number;
  /** Of those, moved by a request meanwhile, or ended. */
  readonly skipped: number;
  /** Of those, still in the old store: being ended at that moment, or refused by the new store. */
  readonly left: number;
  /** What the new store refused the last of those with. */
  readonly reason?: unknown;
  /** Where to go on; absent when the walk has come to the end. */
  readonly cursor?: string | undefined;
  /** Whether the old store was seen to be empty: nothing is left to move. */
  readonly done: boolean;
}

export async function* migrate(
  pair: Pair,
  from: ScanStore,
  moves: boolean,
  { batch = 100, cursor, signal }: MigrateOptions = {},
): AsyncGenerator<MigrationProgress, void, undefined> {
  if (!moves) {
    const message =
      "Cannot migrate with `moves: false`: first every process must run with a store that moves sessions.";
    throw new SessionError("SOJOURN_UNSUPPORTED", message);
  }
  const counts = { scanned: 0, moved: 0, skipped: 0, left: 0 };
  let reason: unknown;
  let next = cursor;
  do {
    if (signal?.aborted) return;
    const page = await from.scan({ cursor: next, limit: batch });
    await forEach(page.items, async ({ key }) => {
      const outcome = await bringHome(pair, key);
      counts.scanned += 1;
      if (outcome.status === "moved") counts.moved += 1;
      if (outcome.status === "not there") counts.skipped += 1;
      if (outcome.status === "stays") {
        counts.left += 1;
        reason = outcome.reason ?? reason;
      }
    });
    next = page.cursor;
    const done = next === undefined && (await from.scan({ limit: 1 })).items.length === 0;
    yield { ...counts, ...(reason !== undefined && { reason }), ...(next !== undefined && { cursor: next }), done };
  } while (next !== undefined);
}
