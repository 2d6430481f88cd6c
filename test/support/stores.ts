/** Every embedded store, fresh, by name: what the scenarios run over. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/clock.ts";

import { cachedStore } from "../../src/stores/cached.ts";
import { fileStore } from "../../src/stores/file.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { ClosableStore, ScanStore, UserStore, WatchStore } from "../../src/stores/store.ts";

export type TestStore = UserStore & ScanStore & ClosableStore & Partial<WatchStore>;

export interface OpenedStore {
  readonly store: TestStore;
  close(): Promise<void>;
}

async function inFolder(open: (folder: string) => TestStore): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), "sojourn-"));
  const store = open(folder);
  return {
    store,
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const embeddedStores: Record<string, (clock?: Clock) => Promise<OpenedStore>> = {
  memory: async (clock) => {
    const store = memoryStore(clock ? { clock } : {});
    return { store, close: () => store.close() };
  },

  file: (clock) => inFolder((directory) => fileStore({ directory, durability: "rename", ...(clock ? { clock } : {}) })),
  sqlite: (clock) => inFolder((folder) => sqliteStore(join(folder, "sessions.db"), clock ? { clock } : {})),
  cached: async (clock) => {
    const options = clock ? { clock } : {};
    const store = cachedStore(memoryStore(options), memoryStore(options), options);
    return { store, close: () => store.close() };
  },
};
