/** What happens to the store when the server or the network fails: nothing acknowledged is lost, nothing comes back, no restart. */
import type { RowDataPacket } from "mysql2/promise";
import mysql from "mysql2/promise";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StoredRecord } from "../../../src/record.ts";
import { type MysqlClient, type MysqlStore, mysqlStore } from "../../../src/stores/mysql.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { freeze } from "../../servers/freeze.ts";
import { startMariadb } from "../../servers/mariadb.ts";
import { until } from "../../servers/process.ts";
import { startProxy } from "../../servers/proxy.ts";
import { failure, recovered } from "../../support/failing.ts";
import { recordsAt } from "../../support/records.ts";
import { table } from "../../support/table.ts";

const server = await startMariadb(["--max-connections=12"]);
const proxy = await startProxy(server.port);
const admin = () => mysql.createConnection(server.url);
const setup = await admin();
await setup.query("CREATE USER app@'%'");
await setup.query("GRANT ALL ON test.* TO app@'%'");
await setup.end();

const url = `${server.url.replace("root@", "app@")}?connectionLimit=4`;
const proxied = url.replace(String(server.port), String(proxy.port));
const stores: MysqlStore[] = [];
// The limits of the tests are for calls; to make the tables takes longer where the disk is slow.
beforeEach(async () => {
  const maker = mysqlStore(url, { table, timeout: 60_000, sweepEvery: false });
  await maker.health();
  await maker.close();
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(async () => {
  await proxy.close();
  await server.close();
});

function open(source: string | MysqlClient, timeout = 1000): MysqlStore {
  const store = mysqlStore(source, { table, timeout, sweepEvery: false });
  stores.push(store);
  return store;
}

const record = recordsAt(Date.now, { payload: "0" });

describe("a server that is killed", () => {
  test("loses nothing that was acknowledged, brings nothing back, and is used again by itself", async () => {
    const store = open(url);
    const key = "counter";
    await store.create(key, record());
    const ended: string[] = [];
    const created: string[] = [];
    const failures: unknown[] = [];
    let acknowledged = 0;
    let attempted = 0;
    let stop = false;
    const work = together(20, async (worker) => {
      for (let turn = 0; !stop; turn++) {
        const mine = `w${worker}x${turn}`;
        try {
          if (await store.create(mine, record({ userId: `u${worker}` }))) created.push(mine);
          const read = (await store.get(key)) as StoredRecord;
          attempted += 1;
          const next = record({ payload: String(Number(read.payload) + 1) });
          if ((await store.update(key, next, read.version)).status === "ok") acknowledged += 1;
          else attempted -= 1;
          if (turn % 3 === 0 && (await store.delete(mine))) ended.push(mine);
        } catch (error) {
          failures.push(error);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    });
    await until(() => created.length > 100, 30, "some work");
    await server.kill();
    await until(() => failures.length > 40, 30, "failures");
    await server.restart();
    const before = created.length;
    await until(() => created.length > before + 100, 30, "work after the restart");
    stop = true;
    await work;

    expect(failures.every((error) => error instanceof Error)).toBe(true);
    const count = Number((await store.get(key))?.payload);
    expect(count).toBeGreaterThanOrEqual(acknowledged);
    expect(count).toBeLessThanOrEqual(attempted);
    for (const gone of ended) expect(await store.get(gone), gone).toBeNull();
    const lost = await together(created.length, async (index) => {
      const mine = created[index] as string;
      return ended.includes(mine) || Number(mine.split("x")[1]) % 3 === 0 ? null : store.get(mine);
    });
    const missing = created.filter((mine, index) => Number(mine.split("x")[1]) % 3 !== 0 && lost[index] === null);
    expect(missing).toEqual([]);
  });
});

describe("a record that is too large for the server", () => {
  test("is refused by a code of its own, and nothing is lost for it", async () => {
    const store = open(url, 30_000);
    await store.create("a", record({ userId: "ann" }));
    const large = record({ payload: "x".repeat(20_000_000), userId: "ann" });
    const { version } = (await store.get("a")) as StoredRecord;
    const login = { ...large, userId: "ann" };
    const epoch = await store.epoch("ann");
    for (const call of [
      () => store.create("b", large),
      () => store.update("a", large, version),
      () => store.admit("c", login, { epoch }),
      () => store.admit("c", login, { epoch, limit: 1 }),
      () => store.replace("c", login, { key: "a", version, record: record() }),
    ]) {
      const error = {
        code: "SOJOURN_RECORD_TOO_LARGE",
        status: 413,
        message: expect.stringContaining("max_allowed_packet"),
      };
      await expect(call()).rejects.toMatchObject(error);
    }
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["a"]);
    const fits = await store.admit("d", { ...record({ payload: "x".repeat(10_000_000) }), userId: "ann" }, { epoch });
    expect(fits.status).toBe("ok");
  });
});

describe("a server that does not answer", () => {
  test("fails every call within the timeout, and is used again when it goes on", async () => {
    const store = open(url, 1500);
    await store.create("a", record({ userId: "ann" }));
    await freeze(server);
    const calls = [
      () => store.get("a"),
      () => store.update("a", record(), 1),
      () => store.touch("a", 1, 2),
      () => store.delete("b"),
      () => store.deleteAll("bob"),
      () => store.health(),
      ...Array.from({ length: 40 }, (_, index) => () => store.create(`k${index}`, record())),
    ];
    const failed = await Promise.all(calls.map(failure));
    server.resume();
    for (const { ms, error } of failed) {
      // The store's own patience and the driver's for a new connection end at the same moment.
      expect(error).toMatchObject({ code: expect.stringMatching(/^(SOJOURN_STORE_UNAVAILABLE|ETIMEDOUT)$/) });
      expect(ms).toBeLessThan(30_000);
    }
    await recovered(store);
    expect((await store.get("a"))?.userId).toBe("ann");
    const connection = await admin();
    const open_ = async () =>
      (await connection.query<RowDataPacket[]>("SELECT id FROM information_schema.processlist WHERE user = 'app'"))[0];
    await until(async () => (await open_()).length <= 4, 30, "connections as before");
    expect((await connection.query<RowDataPacket[]>("SELECT 1 FROM information_schema.innodb_trx"))[0]).toEqual([]);
    await connection.end();
    await store.close();
  });

  test("is not waited for by close()", async () => {
    const store = open(url, 1000);
    await store.create("a", record());
    await freeze(server);
    const start = performance.now();
    const call = failure(() => store.get("a"));
    await store.close();
    server.resume();
    expect((await call).error).toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    expect(performance.now() - start).toBeLessThan(30_000);
  });

  test("does not leave a single connection in the middle of a transaction", async () => {
    const own = await mysql.createConnection(url);
    const store = open(own, 1000);
    await store.create("a", record({ userId: "ann" }));
    await freeze(server);
    expect((await failure(() => store.deleteAll("ann"))).error).toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    server.resume();
    await recovered(store);
    expect(await store.get("a"), "what was told as failed and could be undone was undone").not.toBeNull();
    await own.end();
  });
});

describe("a server without a free connection", () => {
  test("fails calls, and is used again when there is one", async () => {
    const pool = mysql.createPool({ uri: url, connectionLimit: 2, maxIdle: 0, idleTimeout: 1 });
    const store = open(pool, 1000);
    await store.create("a", record());
    // Root has one connection more than everybody.
    const taken = await together(14, () => mysql.createConnection(url).catch(() => undefined));
    const second = open(url, 1000);
    const { error } = await failure(() => second.get("a"));
    expect(error).toMatchObject({ errno: 1040 });
    await Promise.all(taken.map((connection) => connection?.end()));
    await recovered(second);
    expect(await second.get("a")).not.toBeNull();
    await Promise.all([second.close(), pool.end()]);
  });
});

describe("a server that is read-only", () => {
  test("is read from, refuses writes, and takes them again over new connections", async () => {
    const store = open(url);
    await store.create("a", record());
    const connection = await admin();
    const ids = async () =>
      (
        await connection.query<RowDataPacket[]>("SELECT id FROM information_schema.processlist WHERE user = 'app'")
      )[0].map((row) => Number(row.id));
    await connection.query("SET GLOBAL read_only = ON");
    const before = await ids();
    const version = (await store.get("a"))?.version ?? 0;
    for (const call of [
      () => store.create("b", record()),
      () => store.update("a", record(), version),
      () => store.touch("a", Date.now(), Date.now() + 9_000_000),
      () => store.delete("a"),
      () => store.deleteAll("ann"),
    ]) {
      expect((await failure(call)).error).toMatchObject({ errno: 1290 });
    }
    // After a failover these connections would be those to the server that has become a replica.
    await until(async () => !(await ids()).some((id) => before.includes(id)), 30, "other connections");
    await connection.query("SET GLOBAL read_only = OFF");
    expect(await store.delete("a")).toBe(true);
    await connection.end();
  });
});

describe("an answer that is lost after the server has done it", () => {
  test("is told as a failure, and is not done twice", async () => {
    const store = open(proxied);
    await store.create("a", record());
    const read = (await store.get("a")) as StoredRecord;
    for (const silently of [false, true]) {
      const now = (await store.get("a")) as StoredRecord;
      const payload = `${now.payload}+count`;
      const dropped = proxy.dropAnswer({ matches: /count/, silently });
      const { error } = await failure(() => store.update("a", { ...now, payload }, now.version));
      expect(error).toBeInstanceOf(Error);
      await dropped;
      proxy.heal();
    }
    const found = (await store.get("a")) as StoredRecord;
    expect(found.payload).toBe("0+count+count");
    expect(await store.update("a", record(), read.version)).toEqual({ status: "conflict", current: found });
  });

  test("of a login leaves a session that nobody has, and that the next revocation ends", async () => {
    const store = open(proxied);
    const epoch = await store.epoch("ann");
    const dropped = proxy.dropAnswer({ matches: /COMMIT/ });
    const { error } = await failure(() => store.admit("a", { ...record(), userId: "ann" }, { epoch, limit: 5 }));
    expect(error).toBeInstanceOf(Error);
    await dropped;
    await recovered(store);
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["a"]);
    expect(await store.deleteAll("ann")).toEqual(["a"]);
  });

  test("of a revocation leaves it done", async () => {
    const store = open(proxied);
    const epoch = await store.epoch("ann");
    await store.create("a", record({ userId: "ann" }));
    const dropped = proxy.dropAnswer({ matches: /COMMIT/, silently: true });
    await failure(() => store.deleteAll("ann"));
    await dropped;
    proxy.heal();
    await recovered(store);
    expect(await store.get("a")).toBeNull();
    expect(await store.admit("b", { ...record(), userId: "ann" }, { epoch })).toEqual({ status: "revoked" });
  });
});

describe("a network that is cut", () => {
  test("in the middle of a transaction undoes it", async () => {
    const store = open(proxied);
    await store.create("a", record({ userId: "ann" }));
    const epoch = await store.epoch("ann");
    const dropped = proxy.dropAnswer({ matches: /FOR UPDATE|ann/ });
    await failure(() => store.deleteAll("ann"));
    await dropped;
    await recovered(store);
    const other = open(url);
    await until(async () => (await other.epoch("ann")) === epoch, 30);
    expect(await store.get("a")).not.toBeNull();
  });

  test("that forgets its connections without a word is found out, by a URL and with the application's pool", async () => {
    const own = mysql.createPool({ uri: proxied, connectionLimit: 3 });
    const limit = proxied.replace("connectionLimit=4", "connectionLimit=3");
    for (const source of [limit, own]) {
      const store = mysqlStore(source, { table, sweepEvery: false });
      stores.push(store);
      await store.create("a", record());
      await together(6, () => store.get("a"));
      proxy.silence();
      const start = performance.now();
      const asked = async (): Promise<boolean> => {
        const late = new Promise<false>((resolve) => setTimeout(resolve, 500, false));
        return Promise.race([
          store.get("a").then(
            () => true,
            () => false,
          ),
          late,
        ]);
      };
      // As the core does, which asks anew for each request.
      while (!(await asked())) expect(performance.now() - start).toBeLessThan(20_000);
      await together(6, () => store.get("a"));
      proxy.cut();
    }
    // Its connections have been cut.
    await own.end().catch(() => {});
  });

  test("or swallows everything fails calls within the timeout, and is used again when it heals", async () => {
    const store = open(proxied, 1500);
    await store.create("a", record());
    proxy.blackHole();
    const failed = await together(30, () => failure(() => store.get("a")));
    for (const { ms } of failed) expect(ms).toBeLessThan(30_000);
    proxy.heal();
    await recovered(store);
    expect(await store.get("a")).not.toBeNull();
    await until(() => proxy.connections <= 4, 30, "connections as before");
    proxy.cut();
    await recovered(store);
    expect(await store.get("a")).not.toBeNull();
  });
});
