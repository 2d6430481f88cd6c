import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isSessionError } from "../../../src/errors.ts";
import type { SessionRecord } from "../../../src/record.ts";
import { layoutOf, recordHash } from "../../../src/stores/file/layout.ts";
import type { FileStore } from "../../../src/stores/file.ts";
import { fileStore } from "../../../src/stores/file.ts";
import { fakeClock } from "../../../src/testing/index.ts";

const clock = fakeClock();
let root = "";
let directory = "";
let store: FileStore;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sojourn-file-"));
  directory = join(root, "sessions");
  store = fileStore({ directory, durability: "rename", clock });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

function record(changes: Partial<SessionRecord> = {}): SessionRecord {
  return { payload: "a", createdAt: clock(), seenAt: clock(), expiresAt: clock() + 60_000, ...changes };
}

/** Paths below a folder, folders too. */
function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  );
}

describe("fileStore() options", () => {
  it.each([
    ["directory", ""],
    ["directory", { directory: 1 as unknown as string }],
    ["durability", { directory: "x", durability: "none" as "fsync" }],
    ["clock", { directory: "x", clock: 1 as unknown as () => number }],
  ])("refuses a wrong %s", (name, options) => {
    expect(() => fileStore(options)).toThrow(`Option "${name}"`);
  });

  it("takes the path alone", async () => {
    const short = fileStore(join(root, "short"));
    const now = Date.now();
    await short.create("k", { payload: "a", createdAt: now, seenAt: now, expiresAt: now + 1000 });
    expect((await short.get("k"))?.payload).toBe("a");
    await short.close();
  });

  it("touches nothing until it is used", () => {
    expect(readdirSync(root)).toEqual([]);
  });

  it("refuses a folder that others can write to, until that is put right", async () => {
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    const error = await store.create("k", record()).catch((caught: unknown) => caught);
    expect(isSessionError(error, "SOJOURN_INVALID_OPTION")).toBe(true);
    expect(String(error)).toContain("777");
    expect(readdirSync(directory)).toEqual([]);
    chmodSync(directory, 0o700);
    expect(await store.create("k", record())).not.toBeNull();
  });
});

describe("fileStore() files", () => {
  it("are for their owner only", async () => {
    const mask = process.umask(0);
    try {
      await store.create("k", record({ userId: "ann" }));
      await store.deleteAll("bob");
    } finally {
      process.umask(mask);
    }
    const modes = below(directory)
      .map((path) => statSync(path))
      .map((found) => [found.isFile(), found.mode & 0o777]);
    expect(modes.length).toBeGreaterThan(8);
    for (const [isFile, mode] of modes) expect(mode).toBe(isFile ? 0o600 : 0o700);
  });

  it("have no name that came from outside", async () => {
    for (const key of ["../../escaped", "/etc/escaped", "CON", "a\u0000b", "k".repeat(5000)]) {
      await store.create(key, record({ userId: `../${key}` }));
    }
    expect(readdirSync(root)).toEqual(["sessions"]);
    for (const path of below(directory)) {
      expect(relative(directory, path)).toMatch(
        /^(records|users|epochs|locks|temporary)(\/[0-9a-f]{2})?(\/[0-9a-f]{64}){0,2}$/,
      );
    }
  });

  it("leave nothing behind but the folders by the first digits", async () => {
    for (const key of ["a", "b"]) await store.create(key, record({ userId: "ann" }));
    await store.delete("a");
    clock.advance(60_000);
    await store.deleteExpired();
    const files = below(directory).filter((path) => statSync(path).isFile());
    // A notice for who watches, which goes after a minute.
    expect(files.filter((path) => !path.startsWith(join(directory, "ended")))).toEqual([]);
    expect(below(join(directory, "users")).every((path) => /^[0-9a-f]{2}$/.test(path.slice(-2)))).toBe(true);
    expect(below(join(directory, "users"))).toHaveLength(1);
  });

  it("that are damaged are absent, and can be written over", async () => {
    const path = layoutOf(directory).record(recordHash("k"));
    const good = { key: "k", version: "v", createdAt: 1, seenAt: 1, expiresAt: clock() + 1000, payload: "a" };
    const damaged = [
      "",
      "{",
      "null",
      "[]",
      "7",
      '"x"',
      ...Object.keys(good).map((name) => JSON.stringify({ ...good, [name]: [] })),
    ];
    await store.create("k", record({ userId: "ann" }));
    for (const text of damaged) {
      writeFileSync(path, text);
      expect(await store.get("k"), text).toBeNull();
      expect(await store.touch("k", 1, clock() + 1), text).toBe(false);
      expect((await store.scan()).items, text).toEqual([]);
      expect((await store.list("ann")).items, text).toEqual([]);
      expect(await store.deleteExpired(), text).toBe(0);
    }
    expect(await store.create("k", record())).not.toBeNull();
    expect((await store.get("k"))?.payload).toBe("a");
  });

  it("of another key are not taken for this one's", async () => {
    await store.create("k", record());
    const layout = layoutOf(directory);
    const text = readFileSync(layout.record(recordHash("k")), "utf8");
    mkdirSync(join(layout.record(recordHash("l")), ".."), { recursive: true });
    writeFileSync(layout.record(recordHash("l")), text);
    expect(await store.get("l")).toBeNull();
  });

  it("that cannot be read are a failure, not an absence", async () => {
    await store.create("k", record());
    const path = layoutOf(directory).record(recordHash("k"));
    rmSync(path);
    mkdirSync(path);
    await expect(store.get("k")).rejects.toThrow("EISDIR");
    await expect(store.delete("k")).rejects.toThrow("EISDIR");
  });

  it("come back when the folder was removed under the store", async () => {
    await store.create("k", record());
    rmSync(directory, { recursive: true });
    expect(await store.get("k")).toBeNull();
    expect(await store.create("k", record({ userId: "ann" }))).not.toBeNull();
    expect((await store.list("ann")).items).toHaveLength(1);
    rmSync(directory, { recursive: true });
    expect(await store.deleteExpired()).toBe(0);
  });

  it("of users with one half of a surrogate pair each are theirs alone", async () => {
    const users = ["\ud800", "\udc00", "\ufffd", '\u0001"\\ud800"'];
    for (const userId of users) await store.create(`of ${userId}`, record({ userId }));
    for (const userId of users) {
      expect((await store.list(userId)).items.map(({ key }) => key)).toEqual([`of ${userId}`]);
    }
    for (const userId of users) expect(await store.deleteAll(userId)).toEqual([`of ${userId}`]);
  });
});

describe("fileStore() durability", () => {
  async function syncs(durability: "fsync" | "rename"): Promise<Record<string, number>> {
    const handle = await open(join(root, "probe"), "w");
    const spy = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, "sync");
    await handle.close();
    const tried = fileStore({ directory: join(root, durability), durability, clock });
    const counts: Record<string, number> = {};
    const count = async (name: string, act: () => Promise<unknown>): Promise<void> => {
      spy.mockClear();
      await act();
      counts[name] = spy.mock.calls.length;
    };
    await tried.create("warm", record({ userId: "ann" }));
    let version = "";
    await count("create", async () => {
      version = String(await tried.create("k", record()));
    });
    await count("update", () => tried.update("k", record(), version));
    await count("touch that moves", () => tried.touch("k", clock(), clock() + 90_000));
    await count("touch that does not", () => tried.touch("k", clock(), clock() + 90_000));
    await count("get", () => tried.get("k"));
    await count("delete", () => tried.delete("k"));
    await tried.close();
    return counts;
  }

  it('"fsync" waits for the file and for the folder that names it', async () => {
    const counts = await syncs("fsync");
    expect(counts).toMatchObject({ update: 2, "touch that moves": 2, "touch that does not": 0, get: 0, delete: 1 });
    expect(counts.create).toBeGreaterThanOrEqual(2);
  });

  it('"rename" waits for neither', async () => {
    expect(Object.values(await syncs("rename"))).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe("fileStore() user index", () => {
  it("drops entries that lead nowhere or to another user's session", async () => {
    await store.create("mine", record({ userId: "ann" }));
    await store.create("bobs", record({ userId: "bob" }));
    const layout = layoutOf(directory);
    for (const key of ["gone", "bobs"]) writeFileSync(layout.userEntry("ann", recordHash(key)), "");
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["mine"]);
    expect(readdirSync(layout.user("ann"))).toEqual([recordHash("mine")]);
    expect((await store.list("bob")).items.map(({ key }) => key)).toEqual(["bobs"]);
  });

  it("forgets a user's revocation after a day, when no login can be that old", async () => {
    await store.deleteAll("ann");
    const moved = await store.epoch("ann");
    clock.advance(86_399_999);
    await store.deleteExpired();
    expect(await store.epoch("ann")).toBe(moved);
    clock.advance(1);
    await store.deleteExpired();
    expect(await store.epoch("ann")).not.toBe(moved);
    await store.clear();
    const everybody = await store.epoch("ann");
    clock.advance(90_000_000);
    await store.deleteExpired();
    expect(await store.epoch("ann")).toBe(everybody);
  });
});

describe("fileStore() under fake timers", () => {
  it("answers a list of more records than are read without a pause, and callers that wait for each other", async () => {
    vi.useFakeTimers();
    try {
      const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
      await Promise.all(keys.map((key) => store.create(key, record({ userId: "ann" }))));
      expect((await store.list("ann", { limit: 100 })).items).toHaveLength(40);
      const other = fileStore({ directory, durability: "rename", clock });
      const version = (await store.get("k0"))?.version ?? "";
      const updates = await Promise.all(
        [store, other, store, other].map((each) => each.update("k0", record({ userId: "ann" }), version)),
      );
      expect(updates.filter(({ status }) => status === "ok")).toHaveLength(1);
      await other.close();
      clock.advance(120_000);
      await store.deleteExpired();
      expect((await store.list("ann")).items).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });
});
