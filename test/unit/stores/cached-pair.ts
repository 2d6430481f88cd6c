/** What the tests of cachedStore begin with. */
import type { SessionRecord } from "../../../src/record.ts";
import { type CachedStoreOptions, cachedStore } from "../../../src/stores/cached.ts";
import { type MemoryStoreOptions, memoryStore } from "../../../src/stores/memory.ts";
import { fakeClock, instrumentedStore } from "../../../src/testing/index.ts";

export const BOUND = 5000;

/** Two instrumented memory stores and a cached store over them. */
export function setUp(options: CachedStoreOptions = {}, bounds: MemoryStoreOptions = {}) {
  const clock = fakeClock();
  const near = instrumentedStore(memoryStore({ clock, ...bounds }));
  const far = instrumentedStore(memoryStore({ clock }));
  const store = cachedStore(near.store, far.store, { clock, ...options });
  const record = (payload: string, userId?: string): SessionRecord => ({
    payload,
    userId,
    createdAt: clock(),
    seenAt: clock(),
    expiresAt: clock() + 3_600_000,
  });
  /** A record that is in the far store only. */
  const plant = async (key: string, payload = "old", userId?: string) => {
    const version = await far.store.create(key, record(payload, userId));
    far.resetCalls();
    return version as number;
  };
  return { clock, near, far, store, record, plant };
}
