import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { cachedStore } from "../../src/stores/cached.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { contract } from "../support/contract.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-cached-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The contract asks of one store that it reads what it wrote. Two cached stores over one far store are
// behind each other by `maxStaleness` at most, which test/unit/stores/cached.test.ts holds them to.
await contract({
  open: ({ clock }) => cachedStore(memoryStore({ clock }), memoryStore({ clock }), { clock }),
});

// A near store that forgets nearly everything at once: correctness must not depend on what it remembers.
await contract({
  title: "with room for one",
  open: ({ clock }) => cachedStore(memoryStore({ clock, maxSessions: 1 }), memoryStore({ clock }), { clock }),
});

await contract({
  durable: true,
  open: ({ clock, name }) => {
    const far = sqliteStore(join(folder, `${name}.db`), { clock, durability: "normal", sweepEvery: false });
    return cachedStore(memoryStore({ clock }), far, { clock });
  },
});
