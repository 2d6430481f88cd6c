import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import { pauseAfter } from "../../../src/stores/sqlite/busy.ts";
import { configure } from "../../../src/stores/sqlite/database.ts";
import type { SqliteStore, SqliteStoreOptions } from "../../../src/stores/sqlite.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
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
  for (const each of opened.splice(0).reverse()) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

function later<T extends { close(): unknown }>(each: T): T {
  opened.push(each);
  return each;
}
const connect = (file = path) => later(new Database(file));
const open = (source: Parameters<typeof sqliteStore>[0] = path, options: SqliteStoreOptions = {}): SqliteStore =>
  later(sqliteStore(source, { clock, sweepEvery: false, ...options }));

const record = (payload = "data", userId?: string): SessionRecord => ({
  payload,
  userId,
  createdAt: clock(),
  seenAt: clock(),
  expiresAt: clock() + 3_600_000,
});

const outcome = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "ok",
    (error: unknown) => error,
  );

describe("options", () => {
  test.each([
    ["source", () => sqliteStore("")],
    ["source", () => sqliteStore("https://example.com/sessions.db")],
    ["source", () => sqliteStore("file:sessions.db")],
    ["source", () => sqliteStore({} as never)],
    ["source", () => sqliteStore(null as never)],
    ["table", () => sqliteStore(path, { table: "sessions; DROP TABLE users" })],
    ["table", () => sqliteStore(path, { table: 'a"b' })],
    ["table", () => sqliteStore(path, { table: "sqlite_sessions" })],
    ["table", () => sqliteStore(path, { table: "" })],
    ["durability", () => sqliteStore(path, { durability: "off" as never })],
    ["durability", () => sqliteStore(connect(), { durability: "full" })],
    ["busyTimeout", () => sqliteStore(path, { busyTimeout: -1 })],
    ["busyTimeout", () => sqliteStore(path, { busyTimeout: Number.NaN })],
    ["sweepEvery", () => sqliteStore(path, { sweepEvery: 0 })],
    ["watchEvery", () => sqliteStore(path, { watchEvery: 5_000_000 })],
  ])("a wrong %s is refused at once", (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    expect(make).toThrow(`Option "${option}"`);
  });

  test("a bulk limit that is none rejects", async () => {
    const store = open();
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await expect(store.deleteAll("ann", { limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      await expect(store.clear({ limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      await expect(store.deleteExpired({ limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    }
  });

  test("a page of a size or from a cursor that is none is a page all the same", async () => {
    const store = open();
    await store.create("a", record("a", "ann"));
    for (const limit of [0, -1, 1.5, 1e9, Number.NaN]) {
      expect((await store.list("ann", { limit })).items).toHaveLength(1);
      expect((await store.scan({ limit })).items).toHaveLength(1);
    }
    for (const cursor of ["", "{}", "[1]", '["a","b"]', "null", "[null,null]"]) {
      expect(await store.list("ann", { cursor })).toEqual({ items: [] });
      await store.scan({ cursor });
    }
  });

  test("nothing is opened before the first call", async () => {
    open();
    expect(() => statSync(path)).toThrow("ENOENT");
  });
});

describe("the file", () => {
  test("is readable by its owner only, and so are the logs beside it", async () => {
    const store = open();
    await store.create("a", record());
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(path + suffix).mode & 0o077).toBe(0);
  });

  test("is in WAL mode, and its tables can be read by an operator", async () => {
    const store = open();
    await store.create("a", { ...record('{"cart":[1]}', "ann"), seenAt: clock() + 1 });
    const database = connect();
    expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" });
    const row = database.prepare("SELECT * FROM sojourn_sessions").get() as Record<string, unknown>;
    expect(row).toMatchObject({ key: "a", user_id: "ann", payload: '{"cart":[1]}', created_at: clock() });
    expect(row).toMatchObject({ seen_at: clock() + 1, expires_at: clock() + 3_600_000, version: expect.any(Number) });
  });

  test("gets its directory made, for its owner only", async () => {
    const store = open(join(folder, "made/for/it/sessions.db"));
    await store.create("a", record());
    expect(statSync(join(folder, "made")).mode & 0o777).toBe(0o700);
  });

  test("that cannot be made is an error that says so, and works once it can", async () => {
    const blocked = join(folder, "blocked");
    writeFileSync(blocked, "a file where the directory should be");
    const store = open(join(blocked, "sessions.db"));
    await expect(store.get("a")).rejects.toThrow(/EEXIST|ENOTDIR/);
    await expect(store.create("a", record())).rejects.toThrow(/EEXIST|ENOTDIR/);
    rmSync(blocked);
    expect(await store.create("a", record())).not.toBeNull();
  });

  test("that is no database is an error, not an absence", async () => {
    writeFileSync(path, "not a database, whatever its name says".repeat(100));
    await expect(open().get("a")).rejects.toThrow();
  });

  test("of a newer layout is refused by name", async () => {
    await open().create("a", record());
    connect().exec("UPDATE sojourn_sessions_meta SET value = 3 WHERE name = 'layout'");
    const store = open();
    await expect(store.get("a")).rejects.toThrow("layout 3");
    await expect(store.get("a")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
  });

  test("can be opened by twenty stores at once", async () => {
    const stores = Array.from({ length: 20 }, () => open());
    await Promise.all(stores.map((store, index) => store.create(`key${index}`, record())));
    expect((await (stores[7] as SqliteStore).scan()).items).toHaveLength(20);
  });
});

test("durability decides whether a commit waits for the disk", () => {
  const database = connect();
  const synchronous = () => (database.prepare("PRAGMA synchronous").get() as { synchronous: number }).synchronous;
  configure(database, "full");
  expect(synchronous()).toBe(2);
  configure(database, "normal");
  expect(synchronous()).toBe(1);
});

describe("a database of the application", () => {
  test("keeps its settings, its tables and its version, and stays open", async () => {
    const database = connect();
    database.exec("PRAGMA user_version = 42");
    database.exec("CREATE TABLE sessions (mine TEXT)");
    const store = open(database, { table: "web_sessions" });
    await store.create("a", record());
    await store.close();
    expect(database.prepare("PRAGMA user_version").get()).toMatchObject({ user_version: 42 });
    expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "delete" });
    expect(database.prepare("SELECT count(*) AS count FROM web_sessions").get()).toMatchObject({ count: 1 });
    expect(database.prepare("SELECT count(*) AS count FROM sessions").get()).toMatchObject({ count: 0 });
  });

  test("holds two stores under two names that do not see each other", async () => {
    const database = connect();
    const [web, api] = [open(database, { table: "web" }), open(database, { table: "api" })];
    await web.create("a", record("web", "ann"));
    await api.create("a", record("api", "ann"));
    expect(await web.clear()).toEqual(["a"]);
    expect((await api.get("a"))?.payload).toBe("api");
  });

  test("may be set to give integers as bigint", async () => {
    const database = connect();
    database.defaultSafeIntegers(true);
    const [store, other] = [open(database), open(database, { watchEvery: 10 })];
    const heard: string[] = [];
    for (const key of ["a", "b", "c"]) {
      const login = { ...record("x"), userId: "ann" };
      expect((await store.admit(key, login, { epoch: await store.epoch("ann"), limit: 2 })).status).toBe("ok");
    }
    const found = await store.get("c");
    expect(found).toMatchObject({ createdAt: clock(), version: expect.any(Number) });
    expect((await store.update("c", record("y"), found?.version ?? 0)).status).toBe("ok");
    await other.health();
    other.watch((key) => heard.push(key));
    await other.health();
    const { items, cursor } = await store.scan({ limit: 1 });
    expect([items[0]?.key, cursor]).toEqual(["b", "b"]);
    expect(await store.deleteAll("ann")).toEqual(["b"]);
    await expect.poll(() => heard).toEqual(["b"]);
  });

  test("two stores over one connection hear each other", async () => {
    const database = connect();
    const [one, two] = [open(database), open(database, { watchEvery: 10 })];
    const heard: string[] = [];
    await one.create("a", record());
    await two.get("a");
    two.watch((key) => heard.push(key));
    await one.delete("a");
    await expect.poll(() => heard).toEqual(["a"]);
  });

  test("an open transaction of the application is waited for, never ended", async () => {
    const database = connect();
    database.exec("CREATE TABLE orders (id INTEGER)");
    const store = open(database);
    await store.create("before", record());
    database.exec("BEGIN");
    database.exec("INSERT INTO orders VALUES (1)");
    const write = store.create("a", record());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(database.inTransaction).toBe(true);
    expect(await store.get("a")).toBeNull();
    database.exec("COMMIT");
    expect(await write).not.toBeNull();
    expect(database.prepare("SELECT id FROM orders").all()).toEqual([{ id: 1 }]);
  });
});

describe("group commit", () => {
  test("writes of the same moment share one transaction", async () => {
    const tap = tapped(connect());
    const store = open(tap);
    await store.get("warm");
    tap.seen.length = 0;
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.create(`key${index}`, record())));
    expect(tap.seen.filter((sql) => sql === "BEGIN IMMEDIATE")).toHaveLength(1);
    expect(tap.seen.filter((sql) => sql === "COMMIT")).toHaveLength(1);
    expect((await store.scan()).items).toHaveLength(50);
  });

  test("writes run in the order in which they were asked for", async () => {
    const store = open();
    const results = await Promise.all([
      store.create("a", record("1")),
      store.delete("a"),
      store.create("a", record("2")),
      store.touch("a", clock() + 5, clock() + 10),
      store.create("a", record("3")),
    ]);
    expect(results.map((result) => typeof result === "number" || result)).toEqual([true, true, true, true, null]);
    expect(await store.get("a")).toMatchObject({ payload: "2", seenAt: clock() + 5 });
  });

  test("a write takes what it was given when it was asked for", async () => {
    const store = open();
    const given = { ...record("given") };
    const write = store.create("a", given);
    given.payload = "changed";
    await write;
    expect((await store.get("a"))?.payload).toBe("given");
  });

  test("more writes than fit into one transaction all arrive", async () => {
    const store = open();
    const versions = await Promise.all(
      Array.from({ length: 700 }, (_, index) => store.create(`key${index}`, record())),
    );
    expect(versions).not.toContain(null);
  });

  test("a write that fails takes back nothing but itself", async () => {
    const tap = tapped(connect());
    const store = open(tap);
    const kept = await store.create("kept", record("0"));
    const heard: string[] = [];
    store.watch((key) => heard.push(key));
    tap.fail = (sql, values) =>
      sql.startsWith("INSERT INTO") && values[2] === "bad" ? new Error("bad row") : undefined;
    const writes = [
      store.create("a", record("1")),
      store.delete("kept"),
      store.create("b", record("bad")),
      store.create("c", record("2")),
      store.create("d", record("bad")),
      store.create("kept", record("3")),
    ];
    const outcomes = await Promise.all(writes.map(outcome));
    expect(outcomes).toEqual(["ok", "ok", new Error("bad row"), "ok", new Error("bad row"), "ok"]);
    expect((await store.scan()).items.map((item) => [item.key, item.record.payload])).toEqual([
      ["a", "1"],
      ["c", "2"],
      ["kept", "3"],
    ]);
    expect((await store.get("kept"))?.version).not.toBe(kept);
    expect(heard).toEqual(["kept"]);
  });

  test("many that fail among many that do not cost no more than each write twice", async () => {
    const tap = tapped(connect());
    const store = open(tap);
    await store.get("warm");
    tap.fail = (_, values) => (values[2] === "bad" ? new Error("bad row") : undefined);
    const writes = Array.from({ length: 60 }, (_, index) =>
      store.create(`${index}`, record(index % 2 ? "bad" : "good")),
    );
    const outcomes = await Promise.all(writes.map(outcome));
    expect(outcomes.filter((each) => each === "ok")).toHaveLength(30);
    expect(tap.seen.filter((sql) => sql.startsWith("INSERT INTO")).length).toBeLessThanOrEqual(120);
  });

  test("close() answers after every write that was asked for before it", async () => {
    const store = open();
    const order: string[] = [];
    const write = store.create("a", record()).then(() => order.push("written"));
    await store.close().then(() => order.push("closed"));
    await write;
    expect(order).toEqual(["written", "closed"]);
    expect(await open().get("a")).not.toBeNull();
  });

  test("a commit that fails fails every write of it, and nothing of it is there", async () => {
    const tap = tapped(connect());
    const store = open(tap);
    await store.create("old", record());
    const heard: string[] = [];
    store.watch((key) => heard.push(key));
    tap.fail = (sql) => (sql === "COMMIT" ? new Error("disk I/O error") : undefined);
    const outcomes = await Promise.all([store.create("a", record()), store.delete("old")].map(outcome));
    expect(outcomes).toEqual([new Error("disk I/O error"), new Error("disk I/O error")]);
    tap.fail = undefined;
    expect((await store.scan()).items.map((item) => item.key)).toEqual(["old"]);
    expect(heard).toEqual([]);
    expect(await store.create("a", record())).not.toBeNull();
  });

  test("a transaction that cannot begin fails every write, and the next one works", async () => {
    const tap = tapped(connect());
    const store = open(tap);
    await store.get("warm");
    tap.fail = (sql) => (sql === "BEGIN IMMEDIATE" ? new Error("attempt to write a readonly database") : undefined);
    const outcomes = await Promise.all([store.create("a", record()), store.create("b", record())].map(outcome));
    expect(outcomes.map(String)).toEqual(Array(2).fill("Error: attempt to write a readonly database"));
    expect(tap.seen).not.toContain("ROLLBACK");
    tap.fail = undefined;
    expect(await store.create("a", record())).not.toBeNull();
  });
});

describe("a locked database", () => {
  test("is waited for without stopping the event loop", async () => {
    const store = open();
    await store.create("old", record());
    const other = connect();
    other.exec("BEGIN IMMEDIATE");
    const write = store.create("a", record());
    let settled = false;
    void outcome(write).then(() => {
      settled = true;
    });
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(settled).toBe(false);
    expect(await store.get("old")).not.toBeNull();
    other.exec("COMMIT");
    expect(await write).not.toBeNull();
  });

  test("that stays locked is an error that says so, and works again once it is free", async () => {
    const store = open(path, { busyTimeout: 30 });
    await store.create("old", record());
    const other = connect();
    other.exec("BEGIN IMMEDIATE");
    await expect(store.create("a", record())).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await expect(store.delete("old")).rejects.toThrow("stayed locked for 30 ms");
    other.exec("COMMIT");
    expect(await store.delete("old")).toBe(true);
    expect(await store.get("a")).toBeNull();
  });

  test("is left free for a moment after a transaction that took long, even while writes are waiting", async () => {
    const tap = tapped(connect());
    // How long a commit takes is up to the test.
    tap.exec("PRAGMA synchronous = OFF");
    const store = open(tap);
    await store.get("warm");
    const begun: number[] = [];
    let ended = 0;
    tap.fail = (sql) => {
      if (sql === "BEGIN IMMEDIATE") begun.push(performance.now() - ended);
      if (sql !== "COMMIT") return undefined;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
      ended = performance.now();
      return undefined;
    };
    for (const key of ["a", "b", "c"]) await store.create(key, record());
    // Timers may be a millisecond early.
    for (const rest of begun.slice(1)) expect(rest).toBeGreaterThan(4);
    expect(begun).toHaveLength(3);
  });

  test("is asked for more often by those who have waited long", () => {
    for (let times = 0; times < 100; times++) {
      expect(pauseAfter(10, 0)).toBeGreaterThanOrEqual(16);
      expect(pauseAfter(10, 2_000)).toBeLessThanOrEqual(5);
      expect(pauseAfter(10, 5_000)).toBeLessThanOrEqual(2);
    }
  });

  test("by whoever made the tables in the same moment does not keep the others from opening", async () => {
    const tap = tapped(connect());
    let winner: Promise<unknown> | undefined;
    tap.fail = (sql) => {
      if (sql !== "BEGIN IMMEDIATE") return undefined;
      winner ??= open(path).get("warm");
      return Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
    };
    expect(await open(tap, { busyTimeout: 2_000 }).get("a")).toBeNull();
    expect(await winner).toBeNull();
  });

  test("busy at the commit (a reader, without WAL) is tried again as a whole", async () => {
    const tap = tapped(connect());
    const store = open(tap);
    await store.get("warm");
    let times = 3;
    const busy = Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
    tap.fail = (sql) => (sql === "COMMIT" && times-- > 0 ? busy : undefined);
    expect(await Promise.all([store.create("a", record()), store.create("b", record())])).not.toContain(null);
    expect((await store.scan()).items).toHaveLength(2);
  });

  test("a read that finds it busy is tried again", async () => {
    const tap = tapped(connect());
    const store = open(tap);
    await store.create("a", record());
    let times = 3;
    const busy = Object.assign(new Error("whatever"), { code: "ERR_SQLITE_ERROR", errcode: 261 });
    tap.fail = (sql) => (sql.startsWith("SELECT user_id") && times-- > 0 ? busy : undefined);
    expect(await store.get("a")).not.toBeNull();
    expect(times).toBe(-1);
  });
});

describe("text", () => {
  const awkward = ["", "\0", "a\0b", "a\0c", "\u0001", '\u0001"a\\u0000b"', "\ud800", "a\udc00b", "\u{1f36a}"];

  test("of every kind comes back as it was, and is told apart", async () => {
    const store = open();
    for (const text of awkward) await store.create(text, { ...record(text), userId: text });
    for (const text of awkward) {
      expect(await store.get(text)).toMatchObject({ payload: text, userId: text });
      expect((await store.list(text)).items.map((item) => item.key)).toEqual([text]);
    }
    const seen: string[] = [];
    for (let cursor: string | undefined, first = true; first || cursor; first = false) {
      const page = await store.scan({ limit: 2, cursor });
      seen.push(...page.items.map((item) => item.key));
      cursor = page.cursor;
    }
    expect(seen.sort()).toEqual([...awkward].sort());
    for (const text of awkward) expect(await store.deleteAll(text)).toEqual([text]);
  });

  test("of every kind is told to other stores as it was", async () => {
    const [store, other] = [open(), open(path, { watchEvery: 10 })];
    const heard: string[] = [];
    await other.get("warm");
    other.watch((key) => heard.push(key));
    for (const text of awkward) await store.create(text, record());
    await other.health();
    await store.clear();
    await expect.poll(() => [...heard].sort()).toEqual([...awkward].sort());
  });
});

describe("watch()", () => {
  test("the log that other processes read stays bounded", async () => {
    const store = open(path, { durability: "normal" });
    const database = connect();
    await store.get("warm");
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000)
      INSERT INTO sojourn_sessions_ended (key, origin) SELECT 'k' || i, 'x' FROM n`);
    await store.create("a", record());
    await store.delete("a");
    const { count, last } = database
      .prepare("SELECT count(*) AS count, max(id) AS last FROM sojourn_sessions_ended")
      .get() as { count: number; last: number };
    expect([count, last]).toEqual([10_000, 15_001]);
  });

  test("tells more than a page of the log", async () => {
    const [store, other] = [open(path, { durability: "normal" }), open(path, { watchEvery: 10 })];
    const heard = new Set<string>();
    await other.get("warm");
    other.watch((key) => heard.add(key));
    await Promise.all(Array.from({ length: 1300 }, (_, index) => store.create(`key${index}`, record())));
    await other.get("warm");
    while ((await store.clear()).length > 0);
    await expect.poll(() => heard.size).toBe(1300);
  });

  test("after everybody has stopped nothing is asked of the database", async () => {
    const tap = tapped(connect());
    const store = open(tap, { watchEvery: 10 });
    await store.get("warm");
    const stop = store.watch(() => {});
    const polls = () => tap.seen.filter((sql) => sql.startsWith("SELECT id, key")).length;
    await expect.poll(polls).toBeGreaterThan(1);
    stop();
    const before = polls();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(polls()).toBe(before);
  });
});

describe("sweeping", () => {
  test("happens by itself, and leaves what is live", async () => {
    const store = open(path, { sweepEvery: 1000 });
    await store.create("dead", { ...record(), expiresAt: clock() });
    await store.create("live", record());
    const count = connect().prepare("SELECT count(*) AS count FROM sojourn_sessions");
    expect(count.get()).toMatchObject({ count: 2 });
    await expect.poll(() => count.get()).toMatchObject({ count: 1 });
    expect(await store.get("live")).not.toBeNull();
  });

  test("finds what expired by an index, not by reading every row", async () => {
    await open().get("warm");
    const plan = connect().prepare(
      "EXPLAIN QUERY PLAN SELECT rowid FROM sojourn_sessions WHERE expires_at <= 1 ORDER BY expires_at LIMIT 1",
    );
    expect(JSON.stringify(plan.all())).toContain("sojourn_sessions_by_expiry");
  });
});

describe("delete()", () => {
  test("of an expired record is final, whatever the clock does then", async () => {
    const store = open();
    await store.create("a", record());
    clock.advance(3_600_000);
    expect(await store.delete("a")).toBe(false);
    clock.advance(-3_600_000);
    expect(await store.get("a")).toBeNull();
  });
});
