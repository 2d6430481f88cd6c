import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sqliteStore } from "../../../src/stores/sqlite.ts";

const child = fileURLToPath(new URL("./sqlite-child.ts", import.meta.url));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sojourn-sqlite-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(task: string, path: string, times = 0) {
  return spawn(process.execPath, ["--import", "tsx", child, task, path, String(times)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Runs a writer, kills it after so many acknowledgements, and gives back everything that it had said. */
async function writeAndKill(path: string, after: number): Promise<string[]> {
  const writer = start("write", path);
  let said = "";
  let lines = 0;
  writer.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    lines += text.split("\n").length - 1;
    if (lines >= after) writer.kill("SIGKILL");
  });
  const [, signal] = await once(writer, "close");
  expect(signal).toBe("SIGKILL");
  // The kill may come in the middle of a line.
  return said.split("\n").slice(0, -1);
}

interface Known {
  step: number;
  state: string;
}

test("nothing that was acknowledged is lost when the process is killed while it writes", async () => {
  const path = join(folder, "sessions.db");
  const known = new Map<string, Known>();
  for (const after of [150, 400, 37, 800, 251]) {
    for (const line of await writeAndKill(path, after)) {
      const [state = "", key = "", step = ""] = line.split(" ");
      known.set(key, { state, step: Math.max(Number(step), known.get(key)?.step ?? 0) });
    }
    const store = sqliteStore(path, { sweepEvery: false });
    for (const [key, { state, step }] of known) {
      const found = await store.get(key);
      if (state === "ended") expect(found).toBeNull();
      else if (state === "at") expect(Number(found?.payload)).toBeGreaterThanOrEqual(step);
    }
    await store.close();
  }
  expect(known.size).toBeGreaterThan(100);
  const database = new Database(path);
  expect(database.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
  database.close();
}, 240_000);

test("four processes that start at once on a new file count exactly, and keep a limit", async () => {
  const path = join(folder, "sessions.db");
  const processes = [1, 2, 3, 4].map(() => start("count", path, 100));
  const codes = await Promise.all(processes.map(async (each) => (await once(each, "close"))[0] as number));
  expect(codes).toEqual([0, 0, 0, 0]);
  const store = sqliteStore(path, { sweepEvery: false });
  expect((await store.get("shared"))?.payload).toBe("400");
  expect((await store.list("ann")).items).toHaveLength(3);
  await store.close();
}, 240_000);
