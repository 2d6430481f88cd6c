import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { migratingStore } from "../../src/stores/migrating.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { contract } from "../support/contract.ts";
import { halvedStore, restingStore } from "../support/halved.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-migrating-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

await contract({
  open: ({ clock }) => migratingStore(memoryStore({ clock }), memoryStore({ clock }), { clock }),
});

await contract({
  title: "half of it made in the old",
  open: ({ clock }) => halvedStore(memoryStore({ clock }), memoryStore({ clock }), clock),
});

/**
 * Nothing moves, and half of it is in the new store: a roll-out that was taken back a step. What the histories do many at once is left
 * out: they end everything and make a session of an old key at the same moment, which the third pass of `clear` ends too.
 */
await contract({
  title: "resting, half of it made in the new",
  leaveOut: /^random calls, up to/,
  open: ({ clock }) => restingStore(memoryStore({ clock }), memoryStore({ clock }), clock),
});

// Two processes, each with connections of its own.
await contract({
  title: "half of it made in the old",
  handles: "shared",
  durable: true,
  histories: 4,
  open: ({ clock, name }) => {
    const open = (which: string) =>
      sqliteStore(join(folder, `${name}-${which}.db`), { clock, durability: "normal", sweepEvery: false });
    return halvedStore(open("from"), open("to"), clock);
  },
});
