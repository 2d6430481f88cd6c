import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { fileStore } from "../../src/stores/file.ts";
import { storeContract } from "../../src/testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const durability of ["rename", "fsync"] as const) {
  await storeContract({
    describe: (name, body) => describe(`${name}, ${durability}`, body),
    it,
    open: ({ clock, name }) => fileStore({ directory: join(folder, name), clock, durability }),
    handles: durability === "rename" ? "shared" : "one",
    durable: true,
    histories: durability === "rename" ? 6 : 2,
  });
}
