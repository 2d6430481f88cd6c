import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordHash, recordLock } from "../../../src/stores/file/layout.ts";
import type { FileStore } from "../../../src/stores/file.ts";
import { fileStore } from "../../../src/stores/file.ts";

const script = fileURLToPath(new URL("./file-child.ts", import.meta.url));

let directory = "";
let store: FileStore;
let children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sojourn-file-"));
  store = fileStore({ directory, durability: "rename" });
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Worker {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** The exit code, once the output has been read to its end. */
  readonly ended: Promise<number | null>;
  /** Resolves when so many lines were said. */
  said(count: number): Promise<void>;
}

function start(task: string, ...args: (string | number)[]): Worker {
  const argv = ["--import", "tsx", script, task, directory, ...args.map(String)];
  const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const closed = once(reader, "close");
  reader.on("line", (line) => lines.push(line));
  const ended = once(child, "exit").then(async ([code]) => {
    await closed;
    return code as number | null;
  });
  const said = async (count: number): Promise<void> => {
    while (lines.length < count && child.exitCode === null) await once(reader, "line");
  };
  return { child, lines, ended, said };
}

/** Starts the workers' task when all are ready; answers with their exit codes. */
async function race(workers: readonly Worker[]): Promise<(number | null)[]> {
  await Promise.all(workers.map((worker) => worker.said(1)));
  for (const { child } of workers) child.stdin?.end("go\n");
  return Promise.all(workers.map((worker) => worker.ended));
}

function record(payload: string, userId?: string) {
  const now = Date.now();
  return { payload, userId, createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
}

/** What the lines of a killed writer promise: the last count of each key, or that it is gone. */
function promised(lines: readonly string[]): Map<string, number | "deleted"> {
  const last = new Map<string, number | "deleted">();
  for (const line of lines) {
    const [verb, key = "", count] = line.split(" ");
    last.set(key, verb === "deleted" ? "deleted" : Number(count));
  }
  return last;
}

describe("fileStore() and a process that is killed", () => {
  it("loses nothing that was answered, leaves nothing in the way, and goes on", { timeout: 180_000 }, async () => {
    let killed = 0;
    for (const round of ["a", "b", "c", "d", "e"]) {
      const writer = start("write", round);
      await writer.said(60 + killed * 37);
      await sleep(killed);
      writer.child.kill("SIGKILL");
      expect(await writer.ended).toBeNull();
      killed += 1;

      const again = fileStore({ directory, durability: "rename" });
      for (const [key, count] of promised(writer.lines)) {
        const found = await again.get(key);
        // The call after the last answer may have been done or not; every other key is deleted after its fourth write.
        const deleteNext = count === 4 && Number(key.split("-")[2]) % 2 === 0;
        if (count === "deleted") expect(found, key).toBeNull();
        else if (found === null) expect(deleteNext, key).toBe(true);
        else expect([count, count + 1], key).toContain(Number(found.payload));
      }
      await checkListings(again);
      expect(readdirSync(join(directory, "temporary"))).toEqual([]);
      expect(readdirSync(join(directory, "locks"))).toEqual([]);
      await checkWritable(again);
      await again.close();
    }
  });

  it("does not wait for a lock that a killed process held", async () => {
    const key = "k";
    const version = (await store.create(key, record("before"))) ?? "";
    const holder = start("hold", recordLock(recordHash(key)));
    await holder.said(1);
    const update = store.update(key, record("after"), version);
    await sleep(100);
    expect((await store.get(key))?.payload).toBe("before");
    holder.child.kill("SIGKILL");
    // A living holder's lock would be waited for until the call gives up.
    expect((await update).status).toBe("ok");
  });

  it("waits for a lock that a living process holds, a stopped one too", async () => {
    const key = "k";
    await store.create(key, record("before"));
    const holder = start("hold", recordLock(recordHash(key)));
    await holder.said(1);
    holder.child.kill("SIGSTOP");
    let done = false;
    const end = store.delete(key).then((answer) => {
      done = true;
      return answer;
    });
    await sleep(200);
    expect(done).toBe(false);
    holder.child.kill("SIGCONT");
    holder.child.stdin?.write("stop\n");
    expect(await end).toBe(true);
    expect(await holder.ended).toBe(0);
  });

  it("removes half-written files of the dead, and leaves those of the living", async () => {
    await store.create("k", record("a"));
    const living = start("hold", "record-x");
    await living.said(1);
    const [flag = ""] = readdirSync(join(directory, "locks"));
    const owner = flag.slice(flag.lastIndexOf("~"));
    writeFileSync(join(directory, "temporary", `0.0${owner}`), "half");
    await store.deleteExpired();
    expect(readdirSync(join(directory, "temporary"))).toEqual([`0.0${owner}`]);
    living.child.kill("SIGKILL");
    await living.ended;
    await store.deleteExpired();
    expect(readdirSync(join(directory, "temporary"))).toEqual([]);
    expect(readdirSync(join(directory, "locks"))).toEqual([]);
  });
});

describe("fileStore() shared by four processes", () => {
  it("counts every compare-and-set exactly once", async () => {
    await store.create("counter", record("0"));
    const workers = [1, 2, 3, 4].map(() => start("count", "counter", 60));
    expect(await race(workers)).toEqual([0, 0, 0, 0]);
    expect((await store.get("counter"))?.payload).toBe("240");
    expect(readdirSync(join(directory, "locks"))).toEqual([]);
  });

  it("lets in no more logins than the limit", async () => {
    const workers = [1, 2, 3, 4].map((name) => start("login", name, 10));
    expect(await race(workers)).toEqual([0, 0, 0, 0]);
    const statuses = workers.flatMap((worker) => worker.lines);
    expect(statuses.filter((status) => status === "ok")).toHaveLength(3);
    expect(statuses.filter((status) => status === "limit")).toHaveLength(37);
    expect((await store.list("ann")).items).toHaveLength(3);
  });
});

/** Every record of a user is listed, and nothing else: a revocation would find all of them. */
async function checkListings(again: FileStore): Promise<void> {
  const all = (await again.scan({ limit: 1000 })).items;
  for (const userId of ["user0", "user1", "user2"]) {
    const listed = (await again.list(userId, { limit: 1000 })).items.map(({ key }) => key);
    const owned = all.filter((entry) => entry.record.userId === userId).map(({ key }) => key);
    expect([...listed].sort()).toEqual(owned.sort());
  }
}

async function checkWritable(again: FileStore): Promise<void> {
  for (const { key, record: found } of (await again.scan({ limit: 20 })).items) {
    const result = await again.update(key, { ...found, payload: "4" }, found.version);
    expect(result.status).toBe("ok");
    expect((await again.update(key, found, found.version)).status).toBe("conflict");
  }
}
