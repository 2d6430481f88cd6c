/** Who hears that a session ended, over which connection, and what follows when that one is lost. */
import pg from "pg";
import postgres from "postgres";
import { afterAll, describe, expect, test } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import { namesOf } from "../../../src/stores/postgres/names.ts";
import { type PostgresClient, type PostgresStoreOptions, postgresStore } from "../../../src/stores/postgres.ts";
import { startPooler, startPostgres } from "../../servers/postgres.ts";
import { startProxy } from "../../servers/proxy.ts";
import { table } from "../../support/table.ts";

const server = await startPostgres();
const pool = new pg.Pool({ connectionString: server.url, max: 8 });
const ends: (() => unknown)[] = [() => pool.end()];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await server.close();
});

function open(options: PostgresStoreOptions = {}, source: string | PostgresClient = pool) {
  const store = postgresStore(source, { table, sweepEvery: false, ...options });
  ends.push(() => store.close());
  return store;
}

const record = (): SessionRecord => ({ payload: "", createdAt: 0, seenAt: 0, expiresAt: Date.now() + 3_600_000 });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The server processes that listen, besides the one that asks; from any pool. */
const listening = async (): Promise<number[]> => {
  const { channel } = namesOf("public", table);
  // Each client writes it in its own way.
  const text = "SELECT pid FROM pg_stat_activity WHERE query ~* ('^listen .?' || $1)";
  return (await pool.query<{ pid: number }>(text, [channel])).rows.map(({ pid }) => pid);
};

/** A watcher that listens by now, and what it heard. */
async function watcher(store: ReturnType<typeof open>): Promise<string[]> {
  const heard: string[] = [];
  await store.health();
  store.watch((key) => heard.push(key));
  await expect.poll(listening).toHaveLength(1);
  return heard;
}

async function end(key: string, store = open()): Promise<void> {
  await store.create(key, record());
  await store.delete(key);
}

describe("watch()", () => {
  test("listens on a connection of the pool, and gives it back when nobody listens", async () => {
    const own = new pg.Pool({ connectionString: server.url, max: 3 });
    ends.push(() => own.end());
    const store = open({}, own);
    await store.health();
    const heard: string[] = [];
    const stops = [store.watch((key) => heard.push(key)), store.watch(() => {})];
    await expect.poll(listening).toHaveLength(1);
    await end("a");
    await expect.poll(() => heard).toEqual(["a"]);
    for (const stop of stops) stop();
    await expect.poll(listening).toHaveLength(0);
    await end("b");
    await pause(30);
    expect(heard).toEqual(["a"]);
    await store.get("a");
  });

  test("leaves the only connection of a pool alone, and tells what its own store ended", async () => {
    const own = new pg.Pool({ connectionString: server.url, max: 1 });
    ends.push(() => own.end());
    const store = open({}, own);
    const heard: string[] = [];
    store.watch((key) => heard.push(key));
    await end("a", store);
    expect(heard).toEqual(["a"]);
    expect(own.totalCount).toBe(1);
  });

  test("tells at once what its own store ended, and once", async () => {
    const store = open();
    const heard = await watcher(store);
    await end("a", store);
    expect(heard).toEqual(["a"]);
    await pause(50);
    expect(heard).toEqual(["a"]);
  });

  test("hears of keys of every kind", async () => {
    const heard = await watcher(open());
    const keys = ["a\u0000b", "ü\u{1f36a}", "'; NOTIFY x; --", "k".repeat(5000), "plain"];
    for (const key of keys) await end(key);
    await expect.poll(() => heard).toEqual(keys);
  });

  test("is not told of a key that no notification can hold; it has ended all the same", async () => {
    const store = open();
    const heard = await watcher(open());
    await store.create("k".repeat(9000), record());
    expect(await store.delete("k".repeat(9000))).toBe(true);
    await end("after");
    await expect.poll(() => heard).toEqual(["after"]);
  });

  test("hears nothing from a store with `notify: false`, which still tells itself", async () => {
    const quiet = open({ notify: false, listen: false });
    const own: string[] = [];
    quiet.watch((key) => own.push(key));
    const heard = await watcher(open({}, new pg.Pool({ connectionString: server.url, max: 2 })));
    await end("a", quiet);
    await end("b");
    await expect.poll(() => heard).toEqual(["b"]);
    expect(own[0]).toBe("a");
  });

  test("is what makes others tell: for nobody they notify nobody", async () => {
    const { channel } = namesOf("public", table);
    const spy = new pg.Client(server.url);
    ends.push(() => spy.end());
    await spy.connect();
    const told: (string | undefined)[] = [];
    spy.on("notification", ({ payload }) => told.push(payload?.slice(8)));
    await spy.query(`LISTEN ${channel}`);
    const store = open();
    const login = async (key: string) => {
      const session = { ...record(), userId: "ann" };
      return store.admit(key, session, { epoch: await store.epoch("ann"), limit: 1 });
    };
    await end("a", store);
    await login("b");
    await login("c");
    await store.deleteAll("ann");
    await store.create("d", record());
    await store.clear();
    const stop = store.watch(() => {});
    await expect.poll(listening).toHaveLength(2);
    await end("e", store);
    await login("f");
    await login("g");
    await store.deleteAll("ann");
    await store.create("h", record());
    await store.clear();
    await expect.poll(() => told).toEqual(["e", "f", "g", "h"]);
    stop();
    await pool.query(`UPDATE ${table}_meta SET value = value - 61 WHERE name = 'watched'`);
    await end("i", store);
    await pause(30);
    expect(told).toHaveLength(4);
  });

  test("comes back after its connection was ended, and after it broke", async () => {
    const proxy = await startProxy(server.port);
    const heard = await watcher(
      open({}, new pg.Pool({ connectionString: server.urlOf({ port: proxy.port }), max: 4 })),
    );
    await pool.query("SELECT pg_terminate_backend($1)", [(await listening())[0]]);
    await expect.poll(listening).toHaveLength(0);
    await expect.poll(listening).toHaveLength(1);
    await end("a");
    await expect.poll(() => heard).toEqual(["a"]);
    proxy.cut();
    await expect.poll(listening).toHaveLength(0);
    await expect.poll(listening).toHaveLength(1);
    await end("b");
    await expect.poll(() => heard).toEqual(["a", "b"]);
    await proxy.close();
  });

  test("begins when the database comes, if that is later", async () => {
    const proxy = await startProxy(server.port);
    proxy.refuse();
    const store = open({}, new pg.Pool({ connectionString: server.urlOf({ port: proxy.port }), max: 4 }));
    const heard: string[] = [];
    store.watch((key) => heard.push(key));
    await expect(store.health()).rejects.toThrow();
    proxy.heal();
    await expect.poll(listening).toHaveLength(1);
    await end("a");
    await expect.poll(() => heard).toEqual(["a"]);
    await store.close();
    await proxy.close();
  });

  test("goes around a pooler by the option `listen`", async () => {
    const pooler = await startPooler(server);
    const pooled = new pg.Pool({ connectionString: pooler.url, max: 4 });
    const listen = async (): Promise<pg.Client> => {
      const client = new pg.Client(server.url);
      await client.connect();
      return client;
    };
    const store = open({ listen }, pooled);
    const heard = await watcher(store);
    await end("a", open({}, pooled));
    await expect.poll(() => heard).toEqual(["a"]);
    await store.close();
    await expect.poll(listening).toHaveLength(0);
    await pooled.end();
    await pooler.close();
  });

  test("uses the listening of postgres, as the client and as the option, and that of a URL", async () => {
    const sql = postgres(server.url, { onnotice: () => {} });
    for (const store of [open({}, sql), open({ listen: () => sql }), open({}, server.url)]) {
      const heard = await watcher(store);
      await end("a");
      await expect.poll(() => heard).toEqual(["a"]);
      await store.close();
      await expect.poll(listening).toHaveLength(0);
    }
    await sql.end();
  });

  test("without anything to listen on tells what its own store ended", async () => {
    const query = (text: string, values?: unknown[]) => pool.query(text, values);
    for (const store of [open({}, { query }), open({ listen: false })]) {
      const heard: string[] = [];
      store.watch((key) => heard.push(key));
      await end("a", store);
      await end("b");
      await pause(30);
      expect(heard).toEqual(["a"]);
      expect(await listening()).toEqual([]);
    }
  });

  test("does not keep a process alive", async () => {
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    const program = `
      import { postgresStore } from ${JSON.stringify(new URL("../../../src/stores/postgres.ts", import.meta.url).href)};
      const store = postgresStore(${JSON.stringify(server.url)}, { table: ${JSON.stringify(table)} });
      store.watch(() => {});
      await store.create("a", { payload: "", createdAt: 0, seenAt: 0, expiresAt: Date.now() + 1000 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log("done");`;
    const args = ["--import", "tsx", "--input-type=module", "-e", program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 45_000 });
    expect(stdout).toBe("done\n");
  });
});
