import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import type { FileStore } from "../../../src/stores/file.ts";
import type { MemcachedStore } from "../../../src/stores/memcached.ts";
import type { MemoryStore } from "../../../src/stores/memory.ts";
import type { MysqlStore } from "../../../src/stores/mysql.ts";
import type { OpenedRecordStore, OpenedStore } from "../../../src/stores/open.ts";
import { openStore } from "../../../src/stores/open.ts";
import type { SqliteStore } from "../../../src/stores/sqlite.ts";
import type { UserStore } from "../../../src/stores/store.ts";
import { fakeClock } from "../../../src/testing/index.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sojourn-open-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = fakeClock();
const record = { payload: "data", createdAt: clock(), seenAt: clock(), expiresAt: clock() + 1000 };

async function opened(url: string): Promise<OpenedStore> {
  return openStore(url, { clock });
}

describe("openStore()", () => {
  test.each([
    ["memory", "memory:"],
    ["memory", "memory:?maxSessions=1000"],
    ["memory", "MEMORY:?maxBytes=100000"],
    ["file", "file:FOLDER/sessions"],
    ["file", "file://FOLDER/sessions?durability=rename"],
    ["sqlite", "sqlite:FOLDER/a.db"],
    ["sqlite", "sqlite://FOLDER/made/for/it/a.db"],
    ["sqlite", "sqlite:FOLDER/a%20b.db?durability=normal&table=web&busyTimeout=10&watchEvery=50&sweepEvery=false"],
    ["sqlite", "sqlite::memory:"],
  ])("opens the store %s for %s", async (name, url) => {
    const store = await opened(url.replace("FOLDER", folder));
    expect(store.name).toBe(name);
    await store.create("a", record);
    expect((await store.get("a"))?.payload).toBe("data");
    clock.advance(1000);
    expect(await store.get("a")).toBeNull();
    clock.advance(-1000);
    await store.close();
  });

  test("takes a path as it is written", async () => {
    await (await opened(`sqlite:${folder}/a%20b #1.db?table=web`)).close();
    const database = new Database(join(folder, "a%20b #1.db"));
    expect(database.prepare("SELECT count(*) AS count FROM web").get()).toMatchObject({ count: 0 });
    database.close();
  });

  test("opens what it names before it answers", async () => {
    await (await opened(`sqlite:${folder}/a.db`)).close();
    expect(statSync(join(folder, "a.db")).size).toBeGreaterThan(0);
    writeFileSync(join(folder, "blocked"), "a file, not a folder");
    await expect(opened(`sqlite:${folder}/blocked/a.db`)).rejects.toThrow();
    await expect(opened(`file:${folder}/blocked/sessions`)).rejects.toThrow();
  });

  test("bounds of the query are those of the store", async () => {
    const store = await openStore("memory:?maxSessions=2", { clock });
    for (const key of ["a", "b", "c"]) await store.create(key, record);
    expect(store.size).toBe(2);
    await expect(opened("memory:?maxSessions=0")).rejects.toThrow('Option "maxSessions"');
  });

  test("knows what it opens when the URL is written in the source", async () => {
    const memory = await openStore("memory:", { clock });
    expectTypeOf(memory).toEqualTypeOf<MemoryStore>();
    expectTypeOf(openStore<"file:./sessions">).returns.resolves.toEqualTypeOf<FileStore>();
    expectTypeOf(openStore<"sqlite:./a.db?table=web">).returns.resolves.toEqualTypeOf<SqliteStore>();
    expectTypeOf(openStore<string>).returns.resolves.toEqualTypeOf<OpenedStore>();
    expectTypeOf(openStore<"mariadb://db/app">).returns.resolves.toEqualTypeOf<MysqlStore>();
    expectTypeOf<OpenedStore>().toExtend<UserStore>();
  });

  test("says in the type what a store cannot do that was asked for with `users: false`", () => {
    expectTypeOf(openStore<"memcached://cache", false>).returns.resolves.toEqualTypeOf<MemcachedStore>();
    expectTypeOf(openStore<"sqlite:./a.db", false>).returns.resolves.toEqualTypeOf<SqliteStore>();
    expectTypeOf(openStore<string, false>).returns.resolves.toEqualTypeOf<OpenedRecordStore>();
    expectTypeOf<OpenedRecordStore>().not.toExtend<UserStore>();
    expectTypeOf<MemcachedStore>().not.toExtend<UserStore>();
  });
});

describe("a URL that is none", () => {
  test.each([
    ["mongodb://localhost", '"mongodb:"'],
    ["oracle://app:hunter2@db/app", '"memory:", "file:", "sqlite:"'],
    ["constructor:x", '"constructor:"'],
    ["__proto__:x", 'a URL such as "sqlite:./sessions.db"'],
    ["hunter2", 'a URL such as "sqlite:./sessions.db"'],
    ["", "a URL such as"],
    ["./sessions.db", "a URL such as"],
    [undefined as unknown as string, "a URL such as"],
    ["sqlite:", 'the path of a file or ":memory:"'],
    ["sqlite:?table=a", "the path of"],
    ["sqlite://host/a.db", "with no host before it"],
    ["sqlite://", "the path of"],
    ["file:", "the path of a folder"],
    ["memory:1000", "no path"],
    ["memory:?maxSesions=1000", '"?maxSesions"'],
    ["memory:?maxSessions=many", 'Option "url?maxSessions"'],
    ["memory:?maxSessions=-1", 'Option "url?maxSessions"'],
    ["memory:?maxSessions=1e3", 'Option "url?maxSessions"'],
    ["memory:?maxSessions=1&maxSessions=2", "one value"],
    ["sqlite::memory:?durability=none", "full or normal"],
    ["sqlite::memory:?table=a;b", 'Option "table"'],
    ["sqlite::memory:?sweepEvery=never", 'Option "url?sweepEvery"'],
    ["sqlite::memory:?password=hunter2", '"?password"'],
    ["mysql:hunter2", "a URL that begins with"],
    ["mysql://app:hunter2@db/app?table=a;b", 'Option "table"'],
    ["mysql://app:hunter2@db/app?create=no", "auto or false"],
    ["memcached://app:hunter2@localhost", "{ users: false }"],
  ])("%j is refused, and says why", async (url, why) => {
    const error = await opened(url).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    expect(error?.message).toContain(why);
    expect(error?.message).not.toContain("hunter2");
  });
});
