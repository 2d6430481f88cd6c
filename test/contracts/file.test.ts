import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { fileStore } from "../../src/stores/file.ts";
import { contract } from "../support/contract.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const durability of ["rename", "fsync"] as const) {
  await contract({
    title: durability,
    open: ({ clock, name }) => fileStore({ directory: join(folder, name), clock, durability }),
    handles: durability === "rename" ? "shared" : "one",
    durable: true,
    histories: durability === "rename" ? 6 : 2,
  });
}
