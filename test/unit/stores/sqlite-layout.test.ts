/** Files of other layouts, and tables that were dropped: what is found is brought up to date, mended, or refused by name. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { prepareSchema, schemaScript } from "../../../src/stores/sqlite/schema.ts";
import { prepareStatements } from "../../../src/stores/sqlite/statements.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { KEYS, MADE_AT, sqliteFile } from "../../support/release-0-1-0.ts";

const clock = fakeClock(MADE_AT + 1000);
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
const connect = () => later(new Database(path));
const open = (options: Parameters<typeof sqliteStore>[1] = {}) =>
  later(sqliteStore(path, { clock, sweepEvery: false, ...options }));
const login = (userId: string) => ({
  payload: "{}",
  userId,
  createdAt: clock(),
  seenAt: clock(),
  expiresAt: clock() + 3_600_000,
});
const keysIn = async (store: ReturnType<typeof open>) => (await store.scan()).items.map(({ key }) => key);

describe("a file of release 0.1.0", () => {
  beforeEach(() => writeFileSync(path, sqliteFile()));

  test("is opened with every session and every revocation in it, and brought up to date", async () => {
    const store = open();
    expect(await keysIn(store)).toEqual(KEYS);
    expect(await store.epoch("bob")).toBe("0.1");
    expect(await store.deleteAll("ann", { except: "ann-phone", at: clock() })).toEqual(["ann-laptop"]);
    const late = { epoch: await store.epoch("ann"), since: clock() - 0.5 };
    expect(await store.admit("late", login("ann"), late)).toEqual({ status: "revoked" });
    expect(await keysIn(open())).toEqual(["ann-phone", "anonymous"]);
  });

  test("is brought up to date once, whoever comes first, and no login that is under way is refused for it", async () => {
    const stores = Array.from({ length: 8 }, () => open());
    const logins = stores.map(async (store, index) =>
      store.admit(`new-${index}`, login("eve"), { epoch: "0.0", since: clock() }),
    );
    for (const result of await Promise.all(logins)) expect(result.status).toBe("ok");
  });

  test("may still be used by that release, before and after, in the same moment", async () => {
    // What release 0.1.0 looks at when it opens a file: it takes no layout but 1.
    const old = connect();
    const row = old.prepare("SELECT value FROM sojourn_sessions_meta WHERE name = 'layout'");
    const revoke = old.prepare(
      "INSERT INTO sojourn_sessions_epochs (user_id, epoch) VALUES (?, 1) ON CONFLICT (user_id) DO UPDATE SET epoch = epoch + 1",
    );
    const store = open();
    const epoch = await store.epoch("ann");
    expect(row.get()).toMatchObject({ value: 1 });
    revoke.run("ann");
    expect(await store.admit("late", login("ann"), { epoch, since: clock() })).toEqual({ status: "revoked" });
  });

  test("is refused by name where no table may be made, with what to run", async () => {
    const store = open({ create: false });
    await expect(store.get("ann-phone")).rejects.toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    await expect(store.get("ann-phone")).rejects.toThrow(/have layout 1.*layout 2.*npx sojourn schema sqlite/);
    connect().exec(schemaScript());
    expect(await store.get("ann-phone")).toMatchObject({ userId: "ann" });
  });
});

test("a file of a later layout is used when its makers say that this code works on it, else refused", async () => {
  await open().create("a", login("ann"));
  const note = (name: string, value: number): unknown =>
    connect().exec(`UPDATE sojourn_sessions_meta SET value = ${value} WHERE name = '${name}'`);
  note("step", 9);
  expect(await open().get("a")).not.toBeNull();
  note("layout", 9);
  await expect(open().get("a")).rejects.toThrow(/layout 9.*layouts up to 2.*use the release that wrote them/);
});

test("the script for operators can be run again, and makes what the store makes", async () => {
  const database = connect();
  for (let turn = 0; turn < 2; turn++) database.exec(schemaScript());
  const names = await prepareSchema(database, { table: "sojourn_sessions", create: false, busyTimeout: 100 });
  expect(() => prepareStatements(database, names)).not.toThrow();
});
