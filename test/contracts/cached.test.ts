import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { cachedStore } from "../../src/stores/cached.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { storeContract } from "../../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-cached-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The contract asks of one store that it reads what it wrote. Two cached stores over one far store are
// behind each other by `maxStaleness` at most, which test/unit/stores/cached.test.ts holds them to.
await storeContract({
  describe,
  it,
  open: ({ clock }) => cachedStore(memoryStore({ clock }), memoryStore({ clock }), { clock }),
});

// A near store that forgets nearly everything at once: correctness must not depend on what it remembers.
await storeContract({
  describe: (name, body) => describe(`${name}, with room for one`, body),
  it,
  open: ({ clock }) => cachedStore(memoryStore({ clock, maxSessions: 1 }), memoryStore({ clock }), { clock }),
});

await storeContract({
  describe,
  it,
  durable: true,
  open: ({ clock, name }) => {
    const far = sqliteStore(join(folder, `${name}.db`), { clock, durability: "normal", sweepEvery: false });
    return cachedStore(memoryStore({ clock }), far, { clock });
  },
});
