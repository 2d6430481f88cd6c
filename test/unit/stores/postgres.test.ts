/** What needs no server: options, names, clients, the printed schema. */
import { inspect } from "node:util";
import postgres from "postgres";
import { describe, expect, expectTypeOf, test } from "vitest";
import { run } from "../../../src/cli/run.ts";
import { openStore, type StoreOf } from "../../../src/stores/open.ts";
import { toDriver } from "../../../src/stores/postgres/client.ts";
import { overPostgres } from "../../../src/stores/postgres/connect.ts";
import { retrying } from "../../../src/stores/postgres/connection.ts";
import { dollar, hash, namesOf, quote } from "../../../src/stores/postgres/names.ts";
import { freshVersion, knownVersion, toRecord } from "../../../src/stores/postgres/row.ts";
import { schemaScript } from "../../../src/stores/postgres/schema.ts";
import { statementsFor } from "../../../src/stores/postgres/statements.ts";
import { type PostgresStore, postgresStore } from "../../../src/stores/postgres.ts";

const never = { query: () => new Promise<never>(() => {}) };
const failure = (code: string, message = code): Error => Object.assign(new Error(message), { code });

const plain = { prepare: true, timeout: 3000 };

describe("options", () => {
  test.each([
    ["source", () => postgresStore("")],
    ["source", () => postgresStore("sessions.db")],
    ["source", () => postgresStore("mysql://root:hunter2@localhost/app")],
    ["source", () => postgresStore(null as never)],
    ["source", () => postgresStore({} as never)],
    ["table", () => postgresStore(never, { table: "sessions; DROP TABLE users" })],
    ["table", () => postgresStore(never, { table: 'a"b' })],
    ["table", () => postgresStore(never, { table: "Sessions" })],
    ["table", () => postgresStore(never, { table: "a".repeat(41) })],
    ["table", () => postgresStore(never, { table: "" })],
    ["table", () => postgresStore(never, { table: { toString: () => "a" } as never })],
    ["schema", () => postgresStore(never, { schema: "public.x" })],
    ["schema", () => postgresStore(never, { schema: 'public"; --' })],
    ["schema", () => postgresStore(never, { schema: "" })],
    ["create", () => postgresStore(never, { create: true as never })],
    ["unlogged", () => postgresStore(never, { unlogged: "yes" as never })],
    ["prepare", () => postgresStore(never, { prepare: 1 as never })],
    ["notify", () => postgresStore(never, { notify: 0 as never })],
    ["sweepEvery", () => postgresStore(never, { sweepEvery: 999 })],
    ["sweepEvery", () => postgresStore(never, { sweepEvery: Number.NaN })],
    ["listen", () => postgresStore(never, { listen: {} as never })],
  ])("a wrong %s is refused at once", (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "SOJOURN_INVALID_OPTION" }));
    expect(make).toThrow(`Option "${option}"`);
    expect(make).not.toThrow("hunter2");
  });

  test("a bulk limit that is none rejects, before anything is asked", async () => {
    const store = postgresStore(never);
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await expect(store.deleteAll("ann", { limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      await expect(store.clear({ limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      await expect(store.deleteExpired({ limit })).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    }
  });

  test("nothing is asked before the first call", () => {
    postgresStore({ query: () => expect.fail("asked") });
  });

  test("a URL that the package postgres cannot read is refused with an error that does not hold it", () => {
    let thrown: unknown;
    try {
      overPostgres(postgres, "postgres://root:hunter2/x@localhost/app", plain);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
    expect(inspect(thrown)).not.toContain("hunter2");
  });

  test("a URL opens this store, by both names, and keeps its password to itself", async () => {
    expectTypeOf<StoreOf<"postgres://localhost/app">>().toEqualTypeOf<PostgresStore>();
    expectTypeOf<StoreOf<"postgresql://localhost/app">>().toEqualTypeOf<PostgresStore>();
    for (const url of ["postgres://u:hunter2@127.0.0.1:1/app?table=No", "postgresql://u:hunter2@127.0.0.1:1/app"]) {
      const error: Error = await openStore(url).then(
        () => expect.fail("opened"),
        (reason: Error) => reason,
      );
      expect(error.message).toMatch(/"table"|ECONNREFUSED/);
      expect(String(error.stack)).not.toContain("hunter2");
    }
  });
});

describe("names", () => {
  test("are quoted, whatever they hold", () => {
    expect(quote('a"b')).toBe('"a""b"');
    expect(namesOf('we"ird $sojourn1$', "web").sessions).toBe('"we""ird $sojourn1$"."web"');
    expect(dollar("a $sojourn1$ b")).toBe("$sojourn2$a $sojourn1$ b$sojourn2$");
  });

  test("lead to a channel and a lock of their own, the same in every process", () => {
    const { channel, lock } = namesOf("public", "sojourn_sessions");
    expect(channel).toBe("sojourn_434c3dd55714a136");
    expect(lock).toBe("(4849318885269479734)::bigint");
    const others = [namesOf("public", "web"), namesOf("app", "sojourn_sessions")];
    expect(new Set([channel, ...others.map((names) => names.channel)]).size).toBe(3);
    expect(new Set([lock, ...others.map((names) => names.lock)]).size).toBe(3);
  });

  test("of prepared statements change with their text", () => {
    const [web, api] = [statementsFor(namesOf("public", "web")), statementsFor(namesOf("public", "api"))];
    const all = [...Object.values(web), ...Object.values(api)];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(web.get.name).toBe(`sojourn_${hash(web.get.text).toString(16)}`);
  });
});

describe("versions", () => {
  test("are numbers that a bigint holds, and do not repeat", () => {
    const all = Array.from({ length: 1000 }, freshVersion);
    expect(new Set(all).size).toBe(1000);
    for (const version of all) expect(BigInt(version) >= 0n && BigInt(version) < 2n ** 63n).toBe(true);
    expect(all.some((version) => BigInt(version) > 2n ** 62n)).toBe(true);
  });

  test.each(["", "x", "1.5", "-1", "9223372036854775808", "99999999999999999999", Number.NaN, 1e21, -3])(
    "%s was never one",
    (version) => expect(knownVersion(version)).toBe("-1"),
  );

  test.each(["0", "9223372036854775807", 7])("%s may be one", (version) =>
    expect(knownVersion(version)).toBe(String(version)),
  );
});

describe("clients", () => {
  const get = { text: "SELECT 1", name: "one" };
  const row = { payload: "p", facts: "4 1 2 3.0000004" };

  test("rows are read from `rows`, and from an answer that is the rows", async () => {
    for (const answer of [{ rows: [row] }, [row]]) {
      const driver = toDriver({ query: async () => answer }, plain);
      expect(await driver.run(get, [])).toEqual([row]);
    }
  });

  test("facts are read, with whatever stands in the name of the user", () => {
    const expected = { payload: "p", userId: undefined, createdAt: 1, seenAt: 2, expiresAt: 3, version: "4" };
    expect(toRecord(row)).toEqual(expected);
    expect(toRecord({ ...row, facts: `${row.facts} ann` })).toEqual({ ...expected, userId: "ann" });
    expect(toRecord({ ...row, facts: `${row.facts}  1 2 ` }).userId).toBe(" 1 2 ");
    expect(toRecord({ ...row, facts: "4 1.7e+12 -2 Infinity" })).toMatchObject({
      createdAt: 1_700_000_000_000,
      seenAt: -2,
      expiresAt: Number.POSITIVE_INFINITY,
    });
  });

  test.each([
    ["a renamed column", { Payload: "p", facts: row.facts }],
    ["a payload that was parsed", { ...row, payload: {} }],
    ["facts that were parsed", { ...row, facts: 4 }],
    ["no deadline", { ...row, facts: "4 1 2 " }],
    ["a deadline that is none", { ...row, facts: "4 1 2 x" }],
    ["too few facts", { ...row, facts: "4 1 2" }],
    ["no facts", { ...row, facts: "" }],
  ])("%s is an error, never a session", (_, wrong) => {
    expect(() => toRecord(wrong)).toThrow("other columns or types");
  });

  test("postgres is asked to prepare, but not when it was told not to", async () => {
    const asked: unknown[] = [];
    const sql = {
      unsafe: async (_: string, __?: unknown[], options?: object) => {
        asked.push(options);
        return [];
      },
    };
    await toDriver(sql, plain).run(get, []);
    await toDriver(sql, { ...plain, prepare: false }).run(get, []);
    await toDriver(Object.assign(sql, { options: { prepare: false } }), plain).run(get, []);
    expect(asked).toEqual([{ prepare: true }, { prepare: false }, { prepare: false }]);
  });
});

describe("statements that the server took back", () => {
  test.each(["40001", "40P01"])("%s is tried twice more", async (code) => {
    let turns = 0;
    const run = (times: number) => async () => {
      turns += 1;
      if (turns <= times) throw failure(code);
      return "done";
    };
    expect(await retrying(run(2))).toBe("done");
    expect(turns).toBe(3);
    turns = 0;
    await expect(retrying(run(3))).rejects.toThrow(code);
    expect(turns).toBe(3);
  });

  test.each(["57P01", "08006", "ECONNRESET", "53300", "25006"])("%s is not", async (code) => {
    let turns = 0;
    const fail = async (): Promise<never> => {
      turns += 1;
      throw failure(code);
    };
    await expect(retrying(fail)).rejects.toThrow(code);
    expect(turns).toBe(1);
  });
});

describe("sojourn schema", () => {
  async function sojourn(...args: string[]) {
    const said = { code: -1, out: "", err: "" };
    const to = (stream: "out" | "err") => (text: string) => {
      said[stream] += text;
    };
    said.code = await run(["schema", ...args], { out: to("out"), err: to("err"), input: () => "" });
    return said;
  }

  test("prints what the store would make, in one transaction", async () => {
    const { code, out } = await sojourn("postgres");
    expect(code).toBe(0);
    expect(out).toBe(`${schemaScript({})}\n`);
    expect(out).toMatch(
      /^BEGIN;\n[\s\S]*CREATE TABLE IF NOT EXISTS "public"\."sojourn_sessions" \([\s\S]*\nCOMMIT;\n$/,
    );
    expect(out).not.toMatch(/CREATE SCHEMA|UNLOGGED/);
  });

  test("takes the names, and the choice", async () => {
    const { out } = await sojourn("postgres", "--table", "web", "--schema", "app", "--unlogged");
    expect(out).toContain('CREATE SCHEMA IF NOT EXISTS "app";');
    expect(out).toContain('CREATE UNLOGGED TABLE IF NOT EXISTS "app"."web" (');
    expect(out).toContain('CREATE TABLE IF NOT EXISTS "app"."web_epochs" (');
    expect(out).not.toContain("sojourn_sessions");
  });

  test.each([[[]], [["oracle"]], [["postgres", "web"]], [["postgres", "--tabel", "web"]]])(
    "%j is a mistake",
    async (args) => {
      const { code, out, err } = await sojourn(...args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(/^sojourn schema: /);
    },
  );

  test("a name that is none is refused", async () => {
    const { code, out, err } = await sojourn("postgres", "--table", 'a"; DROP TABLE users; --');
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain('Option "table"');
  });
});
