import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { contract } from "../support/contract.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Two opens are two connections to one file, as two processes have them. fsync is for power cuts only.
await contract({
  handles: "shared",
  durable: true,
  open: ({ clock, name }) =>
    sqliteStore(join(folder, `${name}.db`), { clock, durability: "normal", watchEvery: 20, sweepEvery: false }),
});
