/** What happens to a file while it is used: tables dropped, the file deleted, full, read-only; and what is left of it after `close`. */
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Pace } from "../../../src/stores/parts/pace.ts";
import type { SqliteDatabase, SqliteStoreOptions } from "../../../src/stores/sqlite.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { strict } from "./sqlite-strict.ts";
import { tapped } from "./sqlite-tap.ts";

const clock = fakeClock();
let folder = "";
let path = "";
const opened: { close(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sojourn-sqlite-"));
  path = join(folder, "sessions.db");
});
afterEach(async () => {
  vi.useRealTimers();
  for (const each of opened.splice(0).reverse()) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

function later<T extends { close(): unknown }>(each: T): T {
  opened.push(each);
  return each;
}
const connect = () => later(new Database(path));
const open = (source: string | SqliteDatabase = path, options: SqliteStoreOptions = {}) =>
  later(sqliteStore(source, { clock, sweepEvery: false, ...options }));
const record = (userId?: string) => ({
  payload: "{}",
  userId,
  createdAt: clock(),
  seenAt: clock(),
  expiresAt: clock() + 3_600_000,
});
const login = () => ({ ...record(), userId: "ann" });

describe("a table that was dropped", () => {
  const TABLES = ["", "_ended", "_epochs", "_revoked", "_meta"];

  test.each(TABLES)("is made again: sojourn_sessions%s", async (suffix) => {
    const store = open();
    const epoch = await store.epoch("ann");
    await store.create("before", record());
    connect().exec(`DROP TABLE sojourn_sessions${suffix}`);
    const [read, written] = await Promise.all([store.get("before"), store.create("after", record())]);
    expect(read === null).toBe(suffix === "");
    expect(written).not.toBeNull();
    expect(await store.delete("after")).toBe(true);
    await store.health();
    // What was revoked may have been in it: a login from before does not pass.
    expect(await store.admit("late", login(), { epoch, since: clock() })).toEqual({ status: "revoked" });
  });

  test("is named, with what to run, where the store may make none; and used once it is there", async () => {
    await open().create("a", record());
    const store = open(path, { create: false });
    expect(await store.get("a")).not.toBeNull();
    connect().exec("DROP TABLE sojourn_sessions_epochs");
    for (const call of [() => store.epoch("ann"), () => store.admit("b", login(), { epoch: "0.0" })]) {
      await expect(call()).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
      await expect(call()).rejects.toThrow(/sojourn_sessions_epochs is missing.*npx sojourn schema sqlite/);
    }
    await open().epoch("ann");
    expect(await store.epoch("ann")).toMatch(/^\d+\.0$/);
  });
});

describe("a file that was deleted", () => {
  test("is noticed by health() and made again, for its owner only", async () => {
    const store = open();
    await store.create("a", record());
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    await store.health();
    expect(existsSync(path)).toBe(true);
    expect(await store.get("a")).toBeNull();
    expect(await store.create("b", record())).not.toBeNull();
    expect(await open().get("b")).not.toBeNull();
  });

  test("is noticed while it is used, and its new log is watched", async () => {
    const store = open(path, { watchEvery: 10 });
    const heard: string[] = [];
    await store.create("a", record());
    store.watch((key) => heard.push(key));
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    await vi.waitFor(
      async () => {
        await store.create(crypto.randomUUID(), record());
        expect(existsSync(path)).toBe(true);
      },
      { timeout: 30_000, interval: 50 },
    );
    const other = open();
    await vi.waitFor(
      async () => {
        await other.create("ends", record());
        await other.delete("ends");
        expect(heard).toContain("ends");
      },
      { timeout: 30_000, interval: 50 },
    );
  });
});

describe("health()", () => {
  test("leaves nothing behind, and tells nobody of an end", async () => {
    const store = open();
    const heard: string[] = [];
    store.watch((key) => heard.push(key));
    expect((await store.health()).latencyMs).toBeGreaterThanOrEqual(0);
    expect((await store.scan()).items).toEqual([]);
    expect(connect().prepare("SELECT count(*) AS count FROM sojourn_sessions_ended").get()).toMatchObject({ count: 0 });
    expect(heard).toEqual([]);
  });

  test.each([
    ["full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"],
    ["read-only", "PRAGMA query_only = ON", "PRAGMA query_only = OFF"],
  ])("rejects while the database is %s, and resolves when it no longer is", async (_, breaks, mends) => {
    const database = connect();
    const store = open(database);
    await store.health();
    // The pages that it has used once are free; what is in use of them is not.
    database.exec("VACUUM");
    database.prepare(breaks).all();
    await expect(store.health()).rejects.toThrow(/full|readonly/);
    database.prepare(mends).all();
    await store.health();
  });
});

test.each([
  ["better-sqlite3 and libsql", { code: "SQLITE_TOOBIG" }],
  ["node:sqlite", { code: "ERR_SQLITE_ERROR", errcode: 18 }],
])(
  "a value that is too large is no outage, as %s tells it, and the other writes of its moment go through",
  async (_, how) => {
    const tap = tapped(connect());
    const store = open(tap);
    await store.get("warm");
    let times = 1;
    tap.fail = (sql) =>
      sql.startsWith("INSERT INTO") && times-- > 0 ? Object.assign(new Error("too much"), how) : undefined;
    const [large, other] = await Promise.allSettled([store.create("a", record()), store.create("b", record())]);
    expect(large).toMatchObject({ reason: { code: "SOJOURN_RECORD_TOO_LARGE", status: 413 } });
    expect(other).toMatchObject({ status: "fulfilled", value: expect.any(Number) });
  },
);

describe("close()", () => {
  const DESCRIPTORS = "/proc/self/fd";
  const held = (): string[] =>
    readdirSync(DESCRIPTORS).flatMap((each) => {
      try {
        return [readlinkSync(join(DESCRIPTORS, each))].filter((file) => file.startsWith(folder));
      } catch {
        return [];
      }
    });

  // Where the system says what a process has open.
  test.runIf(existsSync(DESCRIPTORS))("lets go of every descriptor of the file", async () => {
    const store = sqliteStore(path, { clock, watchEvery: 10 });
    store.watch(() => {});
    await store.create("a", record());
    expect(held().length).toBeGreaterThan(0);
    await store.close();
    expect(held()).toEqual([]);
  });
});

describe("under fake timers", () => {
  test("every verb is answered, and a lock is waited for in real time", async () => {
    const blocker = connect();
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "performance", "Date"],
    });
    const store = open(path, { busyTimeout: 50 });
    expect(await store.create("a", record())).not.toBeNull();
    expect(await store.get("a")).not.toBeNull();
    blocker.exec("BEGIN IMMEDIATE");
    await expect(store.create("b", record())).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    blocker.exec("ROLLBACK");
    expect(await store.deleteExpired()).toBe(0);
    await store.close();
  });
});

test("a driver that wants to be asked by the kind of statement, as better-sqlite3, is asked so by every verb", async () => {
  const store = open(strict(connect()));
  const version = (await store.create("a", record("ann"))) ?? "";
  await store.update("a", record("ann"), version);
  await store.touch("a", clock(), clock() + 1);
  const epoch = await store.epoch("ann");
  expect(await store.admit("b", login(), { epoch, since: clock(), limit: 1 })).toMatchObject({ evicted: ["a"] });
  expect((await store.list("ann")).items).toHaveLength(1);
  const old = { key: "b", version: (await store.get("b"))?.version ?? "", record: record() };
  expect(await store.replace("c", login(), old, { epoch })).toMatchObject({ status: "ok" });
  expect(await store.deleteAll("ann", { except: "c" })).toEqual([]);
  expect(await store.clear()).toHaveLength(2);
  await store.deleteExpired();
  await store.health();
});

test("a sweep's step takes about so long, whatever the rows and the disk are like", () => {
  const pace = new Pace(4, 10, 200);
  const after = (count: number, took: number): number => {
    pace.note(count, took);
    return pace.size;
  };
  expect(pace.size).toBe(10);
  expect([after(10, 1), after(20, 1), after(40, 0), after(80, 0.5), after(160, 0.5)]).toEqual([20, 40, 80, 160, 200]);
  expect(after(200, 800)).toBe(1);
  expect(after(0, 800)).toBe(1);
  expect(after(1, 2)).toBe(2);
});
