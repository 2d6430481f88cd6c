/** What needs no server: options, keys, the printed schema. The store over a real one is in mysql-server.test.ts. */
import { describe, expect, expectTypeOf, test } from "vitest";
import { run } from "../../../src/cli/run.ts";
import { isUndone } from "../../../src/stores/mysql/faults.ts";
import { isKey, userBytes, versionOf } from "../../../src/stores/mysql/row.ts";
import { schemaScript } from "../../../src/stores/mysql/schema.ts";
import { type MysqlStore, mysqlStore } from "../../../src/stores/mysql.ts";
import type { StoreOf } from "../../../src/stores/open.ts";
import { openStore } from "../../../src/stores/open.ts";
import { firstVersion } from "../../../src/stores/parts/version.ts";
import type { WatchStore } from "../../../src/stores/store.ts";

const never = { getConnection: () => new Promise<never>(() => {}) };

describe("options", () => {
  test.each([
    ["source", () => mysqlStore("")],
    ["source", () => mysqlStore("sessions.db")],
    ["source", () => mysqlStore("mysql:root:hunter2@localhost")],
    ["source", () => mysqlStore("mysql://root:hunter2@localhost:port/app")],
    ["source", () => mysqlStore("postgres://root:hunter2@localhost/app")],
    ["source", () => mysqlStore(null as never)],
    ["source", () => mysqlStore({} as never)],
    ["source", () => mysqlStore("mysql://root:hunter2%zz@localhost/app")],
    ["table", () => mysqlStore(never, { table: "sessions; DROP TABLE users" })],
    ["table", () => mysqlStore(never, { table: "a`b" })],
    ["table", () => mysqlStore(never, { table: "Sessions" })],
    ["table", () => mysqlStore(never, { table: "other.sessions" })],
    ["table", () => mysqlStore(never, { table: "a".repeat(41) })],
    ["table", () => mysqlStore(never, { table: "" })],
    ["table", () => mysqlStore(never, { table: { toString: () => "a" } as never })],
    ["create", () => mysqlStore(never, { create: true as never })],
    ["timeout", () => mysqlStore(never, { timeout: 99 })],
    ["timeout", () => mysqlStore(never, { timeout: Number.NaN })],
    ["timeout", () => mysqlStore(never, { timeout: "5s" as never })],
    ["sweepEvery", () => mysqlStore(never, { sweepEvery: 999 })],
    ["sweepEvery", () => mysqlStore(never, { sweepEvery: true as never })],
  ])("a wrong %s is refused at once", (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    expect(make).toThrow(`Option "${option}"`);
    expect(make).not.toThrow("hunter2");
  });

  test("a bulk limit that is none rejects, before anything is asked", async () => {
    const store = mysqlStore(never);
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await expect(store.deleteAll("ann", { limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      await expect(store.clear({ limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      await expect(store.deleteExpired({ limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    }
  });

  test("a user id that does not fit its column rejects: without strict mode the server would cut it", async () => {
    const store = mysqlStore(never);
    const epoch = "";
    const record = { payload: "", createdAt: 0, seenAt: 0, expiresAt: 1, userId: "ü".repeat(385) };
    for (const call of [() => store.create("a", record), () => store.admit("a", record, { epoch })]) {
      await expect(call()).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    }
    expect(userBytes("語".repeat(255))).toHaveLength(765);
  });

  test("nothing is asked before the first call", () => {
    mysqlStore({ getConnection: () => expect.fail("asked") });
  });

  test("a URL opens this store, by both names, and keeps its password to itself", async () => {
    expectTypeOf<StoreOf<"mysql://localhost/app">>().toEqualTypeOf<MysqlStore>();
    expectTypeOf<StoreOf<"mariadb://localhost/app">>().toEqualTypeOf<MysqlStore>();
    for (const url of ["mysql://u:hunter2@127.0.0.1:1/app?timeout=30000", "mariadb://u:hunter2@127.0.0.1:1/app"]) {
      const error: Error = await openStore(url).then(
        () => expect.fail("opened"),
        (reason: Error) => reason,
      );
      expect(error).toMatchObject({ code: "ECONNREFUSED" });
      expect(`${error.stack}${JSON.stringify(error)}`).not.toContain("hunter2");
    }
  });

  test("the type promises to push", () => {
    expectTypeOf<MysqlStore>().toExtend<WatchStore>();
  });
});

describe("rows", () => {
  test("keys are visible ASCII, and whatever else is asked for is the key of nothing", () => {
    expect(["a", "-_09azAZ", "~", "k".repeat(255)].map(isKey)).toEqual([true, true, true, true]);
    expect(["", " ", "a b", "a\n", "ü", "\u0000", "k".repeat(256)].filter(isKey)).toEqual([]);
  });

  test("users stay two whatever their names share", () => {
    const names = ["ann", "Ann", "ann ", "änn", "a\u0308nn", "", "\u0000", "\ud800", "\ufffd", '\u0001"\\ud800"'];
    expect(new Set(names.map((name) => Buffer.from(userBytes(name)).toString("hex"))).size).toBe(names.length);
  });

  test("versions are whole numbers that a double holds, and nothing else fits", () => {
    const versions = Array.from({ length: 1000 }, firstVersion);
    expect(versions.every((version) => Number.isSafeInteger(version) && version >= 0 && version < 2 ** 52)).toBe(true);
    expect(new Set(versions).size).toBe(1000);
    expect([7, "7", "", "7x", 1.5, Number.NaN, 2 ** 60].map(versionOf)).toEqual([7, 7, -1, -1, -1, -1, -1]);
  });

  test("what others have undone is told from what failed", () => {
    expect([1213, 1205, 1020].map((errno) => isUndone(Object.assign(new Error(), { errno })))).toEqual([
      true,
      true,
      true,
    ]);
    for (const other of [{ errno: 1062 }, { errno: "1213" }, new Error("1213"), null, undefined, "1213"]) {
      expect(isUndone(other)).toBe(false);
    }
  });
});

describe("sojourn schema mysql", () => {
  async function print(...args: string[]) {
    const said = { code: -1, out: "", err: "" };
    const terminal = {
      out: (text: string): void => {
        said.out += text;
      },
      err: (text: string): void => {
        said.err += text;
      },
      input: () => "",
    };
    said.code = await run(["schema", ...args], terminal);
    return said;
  }

  test("prints what makes the tables, under any name", async () => {
    const { code, out, err } = await print("mysql", "--table", "web");
    expect([code, err]).toEqual([0, ""]);
    expect(out.match(/CREATE TABLE IF NOT EXISTS `\w+`/g)).toHaveLength(4);
    expect(out).toContain("`web`");
    expect(out).not.toContain("sojourn_sessions");
    expect(schemaScript({ view: false })).not.toContain("VIEW");
  });

  test.each([
    [["mysql", "--table", "a`; DROP TABLE users; --"], 1],
    [["mysql", "--schema", "web"], 2],
    [["mysql", "--unlogged"], 2],
    [["mysql", "postgres"], 2],
    [["oracle"], 2],
    [["__proto__"], 2],
  ])("refuses %j", async (args, expected) => {
    const { code, out, err } = await print(...args);
    expect([code, out]).toEqual([expected, ""]);
    expect(err).not.toBe("");
  });
});
