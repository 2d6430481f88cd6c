import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { layoutOf, recordHash } from "../../../src/stores/file/layout.ts";
import type { FileStore, FileStoreOptions } from "../../../src/stores/file.ts";
import { fileStore } from "../../../src/stores/file.ts";
import { fakeClock } from "../../../src/testing/index.ts";

const clock = fakeClock();
/** Long enough beside anything: what is awaited comes within some milliseconds. */
const patiently = { timeout: 20_000, interval: 5 };

let directory = "";
let stores: FileStore[] = [];

function open(options: Partial<FileStoreOptions> = {}): FileStore {
  const store = fileStore({ directory, durability: "rename", clock, watchEvery: 10, ...options });
  stores.push(store);
  return store;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sojourn-file-"));
  stores = [];
});

afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  rmSync(directory, { recursive: true, force: true });
});

function record<User extends string | undefined = undefined>(userId?: User) {
  return { payload: "a", userId: userId as User, createdAt: clock(), seenAt: clock(), expiresAt: clock() + 60_000 };
}

describe("fileStore() watch", () => {
  it("tells another store over the folder what was ended, by whatever verb, once, and not what ended before", async () => {
    const [mine, other] = [open(), open()];
    await mine.create("before", record());
    await mine.delete("before");
    const [heard, own]: [string[], string[]] = [[], []];
    other.watch((key) => heard.push(key));
    mine.watch((key) => own.push(key));
    for (const key of ["deleted", "revoked", "evicted", "replaced", "cleared"]) await mine.create(key, record(key));
    await mine.delete("deleted");
    await mine.deleteAll("revoked");
    await mine.admit("newer", record("evicted"), { epoch: await mine.epoch("evicted"), limit: 1 });
    const version = (await mine.get("replaced"))?.version ?? "";
    await mine.replace("successor", record("replaced"), { key: "replaced", version, record: record() });
    const ended = ["deleted", "revoked", "evicted", "replaced", ...(await mine.clear())];
    await vi.waitFor(() => expect([...heard].sort()).toEqual([...ended].sort()), patiently);
    expect([...own].sort()).toEqual([...ended].sort());
  });

  it("keeps notices for a minute, and none of a health check", async () => {
    const store = open();
    await store.create("k", record());
    const folder = layoutOf(directory).ended;
    mkdirSync(folder);
    writeFileSync(join(folder, `${(Date.now() - 61_000).toString(16).padStart(12, "0")}.old`), '["old"]');
    await store.health();
    expect(readdirSync(folder)).toHaveLength(1);
    await store.delete("k");
    const [notice = "", ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    expect(readFileSync(join(folder, notice), "utf8")).toBe('["k"]');
  });
});

describe("fileStore() sweeps", () => {
  it("what expired by itself, without being asked", { timeout: 60_000 }, async () => {
    const store = open({ sweepEvery: 1000 });
    const path = layoutOf(directory).record(recordHash("k"));
    await store.create("k", record());
    expect(existsSync(path)).toBe(true);
    clock.advance(60_000);
    await vi.waitFor(() => expect(existsSync(path)).toBe(false), { timeout: 50_000, interval: 50 });
  });
});

describe("fileStore() replace, where the process was killed in the middle of it", () => {
  /** Writes a file as the store does, with what links it to the other record. */
  function write(key: string, version: string, link: object): void {
    const path = layoutOf(directory).record(recordHash(key));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify({ key, version, ...link, ...record("ann") }));
  }

  it("has done nothing before the old record says by whom it was replaced", async () => {
    const store = open();
    const version = await store.create("old", record("ann"));
    write("new", "v", { after: "old" });
    expect(await store.get("new")).toBeNull();
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["old"]);
    expect((await store.scan()).items.map(({ key }) => key)).toEqual(["old"]);
    expect((await store.update("old", record("ann"), version ?? "")).status).toBe("ok");
    expect(await store.get("new")).toBeNull();
    clock.advance(60_000);
    expect(await store.deleteExpired()).toBe(2);
    expect(existsSync(layoutOf(directory).record(recordHash("new")))).toBe(false);
  });

  it("has done both from then on, also when the tombstone goes", async () => {
    const store = open();
    write("old", "t", { replacedBy: "v" });
    write("new", "v", { after: "old" });
    expect(await store.get("new")).toMatchObject({ version: "v" });
    expect(await store.touch("new", clock() + 1, clock() + 90_000)).toBe(true);
    await store.delete("old");
    expect(await store.get("new")).toMatchObject({ version: "v", expiresAt: clock() + 90_000 });
  });
});
