/** Stores inside of the process. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileStore } from "sojourn/stores/file";
import { memoryStore } from "sojourn/stores/memory";
import { sqliteStore } from "sojourn/stores/sqlite";
import { removeFolder } from "../../../test/servers/cleanup.ts";
import { temporaryFolder } from "../../../test/servers/process.ts";
import type { OpenWorld } from "../world.ts";

/** Twice: what the first collection finalises only the second one frees. */
async function heap(): Promise<number> {
  for (let turn = 0; turn < 2; turn++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What this process has given to the system to write, by all threads; Linux alone tells. */
async function written(): Promise<number> {
  if (!existsSync("/proc/self/io")) return Number.NaN;
  return Number(/^wchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

export const openMemory: OpenWorld = async (clock) => {
  const store = memoryStore({ clock, maxSessions: 2 ** 40, maxBytes: 2 ** 50 });
  return { store, bytes: heap, measured: "heap, key included", close: () => store.close() };
};

export const openSqlite: OpenWorld = async (clock) => {
  const folder = temporaryFolder("scale");
  const path = join(folder, "sessions.db");
  const store = sqliteStore(path, { clock, sweepEvery: false });
  return {
    store,
    bytes: async () => (existsSync(path) ? statSync(path).size : 0),
    measured: "file",
    written,
    async close() {
      await store.close();
      removeFolder(folder);
    },
  };
};

/** Without waiting for the device: what is measured here grows with the number of files, and that is not the device. */
export const openFile: OpenWorld = async (clock) => {
  const folder = temporaryFolder("scale");
  const store = fileStore({ directory: join(folder, "sessions"), durability: "rename", clock });
  return {
    store,
    bytes: async () => Number(execFileSync("du", ["-s", "-B1", folder], { encoding: "utf8" }).split("\t")[0]),
    measured: "blocks",
    written,
    async close() {
      await store.close();
      removeFolder(folder);
    },
  };
};
