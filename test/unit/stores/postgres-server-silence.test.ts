/** Connections that are lost without a word, and what errors say, on a real server. */
import pg from "pg";
import postgres from "postgres";
import { afterAll, describe, expect, test } from "vitest";
import { overPostgres } from "../../../src/stores/postgres/connect.ts";
import { patient } from "../../../src/stores/postgres/patience.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { startProxy } from "../../servers/proxy.ts";
import { table } from "../../support/table.ts";
import { ends, open, pool, record, server } from "./postgres-bench.ts";

const proxy = await startProxy(server.port);
const proxied = server.urlOf({ port: proxy.port });
afterAll(() => proxy.close());

/** Milliseconds until a call is answered, and how many were not. */
async function served(call: () => Promise<unknown>): Promise<{ ms: number; failed: number }> {
  const start = performance.now();
  for (let failed = 0; ; failed++) {
    const outcome = await Promise.race([
      call().then(
        () => "served",
        () => "failed",
      ),
      // As the core does: it asks again for the next request.
      new Promise((resolve) => setTimeout(resolve, 500, "waits")),
    ]);
    if (outcome === "served") return { ms: performance.now() - start, failed };
  }
}

describe("connections that are all lost in silence", () => {
  test("are found out and replaced, in the pool of a URL and in the application's own", async () => {
    const own = new pg.Pool({ connectionString: proxied, max: 10 });
    own.on("error", () => {});
    ends.push(() => own.end());
    for (const source of [proxied, own]) {
      const store = open({}, source);
      await store.create("a", record()).catch(() => {});
      // Ten connections, idle.
      await together(10, (index) => store.touch(`k${index}`, 1, 2));
      proxy.silence();
      const { ms } = await served(() => store.get("a"));
      // Two seconds for the first to be suspect and the others to be asked; the rest is for a machine that has other work.
      expect(ms).toBeLessThan(20_000);
      expect(await together(20, () => store.get("a"))).not.toContain(null);
      await store.close();
      proxy.heal();
    }
  });

  test("of postgres.js are replaced together, when a new one answers", async () => {
    let made = 0;
    const driver = overPostgres(
      (url, options) => {
        made += 1;
        return postgres(url, options);
      },
      proxied,
      { prepare: true, timeout: 3000 },
    );
    const { run, close } = patient(driver, 3000);
    const one = () => run({ text: "SELECT 1 AS one" }, []);
    await together(10, one);
    proxy.silence();
    await served(one);
    expect(await together(20, one)).toEqual(Array.from({ length: 20 }, () => [{ one: 1 }]));
    expect(made).toBe(2);
    await close();
    proxy.heal();
  });

  test("do not make a slow statement lose its connection", async () => {
    const store = open({ timeout: 20_000 });
    await store.create("a", record());
    const holder = await pool.connect();
    await holder.query(`BEGIN; SELECT 1 FROM ${table} FOR UPDATE`);
    const waiting = store.touch("a", 1, 2);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await store.get("a")).not.toBeNull();
    await holder.query("COMMIT");
    holder.release();
    expect(await waiting).toBe(true);
  });
});

describe("an error of the server", () => {
  test("says nothing of rows, users and keys, in no field", async () => {
    const store = open();
    await store.health();
    await pool.query(`ALTER TABLE ${table} ADD CONSTRAINT small CHECK (length(payload) < 10)`);
    const sql = postgres(server.url, { max: 1, debug: () => {}, onnotice: () => {} });
    ends.push(() => sql.end());
    for (const source of [pool, sql]) {
      const error = await open({}, source)
        .create("a", record({ payload: "hunter2-hunter2", userId: "hunter2" }))
        .then(
          () => expect.fail("stored"),
          (reason: Error) => reason,
        );
      expect(error).toMatchObject({ code: "23514", constraint: "small" });
      const all = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)));
      expect(all.join()).not.toMatch(/hunter2/);
    }
  });

  test("for a key that no index takes has a code of its own", async () => {
    const random = Array.from({ length: 9000 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join(
      "",
    );
    await expect(open().create(random, record())).rejects.toMatchObject({
      code: "SOJOURN_RECORD_TOO_LARGE",
      status: 413,
    });
    expect(await open().get(random)).toBeNull();
    expect(await open().deleteAll(random)).toEqual([]);
    expect(await open().deleteAll(random, { except: "a" })).toBeNull();
  });
});
