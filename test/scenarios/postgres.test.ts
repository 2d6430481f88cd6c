/** Sessions over a PostgreSQL that is killed, frozen, cut off, full of connections, read-only, or whose answers are lost. */
import pg from "pg";
import postgres from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSessions } from "../../src/index.ts";
import type { SessionRecord } from "../../src/record.ts";
import { namesOf } from "../../src/stores/postgres/names.ts";
import { statementsFor } from "../../src/stores/postgres/statements.ts";
import { type PostgresClient, postgresStore } from "../../src/stores/postgres.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { until } from "../servers/process.ts";
import { startProxy } from "../servers/proxy.ts";
import { type AnyData, SECRET, Visitor } from "../support/visitor.ts";

const TIMEOUT = 2_000;

/** For what leaves a server as it was. */
const shared = await startPostgres();
afterAll(() => shared.close());

let tests = 0;
let table = "";
beforeEach(() => {
  tests += 1;
  table = `t${tests}`;
});

const endings: (() => unknown)[] = [];
const later = (end: () => unknown): void => void endings.push(end);
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(...given: Parameters<typeof startPostgres>): Promise<PostgresServer> {
  const server = await startPostgres(...given);
  later(() => server.close());
  return server;
}

/** The network between the application and the shared server. */
async function startNetwork() {
  const network = await startProxy(shared.port);
  later(() => network.close());
  return Object.assign(network, { url: shared.urlOf({ port: network.port }) });
}

/** As docs/postgres.md sets it up. */
function poolOf(url: string, max = 10): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 2000, query_timeout: 4000 });
  later(() => pool.end());
  return pool;
}

/** An application over the store; every request says itself what it does. */
function appOver(source: string | PostgresClient) {
  const store = postgresStore(source, { table, sweepEvery: false });
  later(() => store.close());
  const sessions = createSessions<AnyData>({ store, secrets: SECRET, storeTimeout: TIMEOUT });
  return { store, sessions, visitor: () => new Visitor(sessions) };
}

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "no failure",
    (error: unknown) => error,
  );

const record = (changes?: Partial<SessionRecord>): SessionRecord => {
  const now = Date.now();
  return { payload: "0", createdAt: now, seenAt: now, expiresAt: now + 3_600_000, ...changes };
};

/** A browser that adds one to its count again and again, and keeps book of the answers. */
class Counter {
  readonly browser: Visitor;
  acknowledged = 0;
  failed = 0;
  readonly odd: unknown[] = [];

  constructor(browser: Visitor) {
    this.browser = browser;
  }

  async add(): Promise<void> {
    const { response, setCookies } = await this.browser.visit((session) =>
      session.update("n", (n = 0) => Number(n) + 1),
    );
    if (response.status === 200) this.acknowledged += 1;
    else if (response.status === 503 && setCookies.length === 0) this.failed += 1;
    else this.odd.push([response.status, setCookies]);
  }

  /** Answers with what is counted, which must be what was acknowledged and at most what was asked for. */
  async check(): Promise<void> {
    const { value } = await this.browser.visit((session) => [session.userId, session.data.n]);
    expect(this.odd).toEqual([]);
    expect(value?.[0]).toBe("ann");
    expect(value?.[1]).toBeGreaterThanOrEqual(this.acknowledged);
    expect(value?.[1]).toBeLessThanOrEqual(this.acknowledged + this.failed);
  }
}

async function login(visitor: Visitor, user = "ann"): Promise<Visitor> {
  const { response } = await visitor.visit((session) => session.login(user));
  expect(response.status).toBe(200);
  return visitor;
}

describe("kill -9", () => {
  it("loses nothing that was acknowledged, revives nothing that ended, and needs no restart of the application", async () => {
    const server = await start([], { durable: true });
    const pool = poolOf(server.url);
    const { visitor, sessions } = appOver(pool);
    const counters = await Promise.all(Array.from({ length: 25 }, async () => new Counter(await login(visitor()))));
    const out = await login(visitor(), "bob");
    const thief = await out.copy();
    const revoked = await login(visitor(), "eve");
    await out.visit((session) => session.logout());
    await sessions.revokeUser("eve");

    let stop = false;
    const work = counters.map(async (counter) => {
      while (!stop) {
        await counter.add();
        if (counter.failed > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      }
    });
    const sum = (of: "acknowledged" | "failed"): number => counters.reduce((total, each) => total + each[of], 0);
    await until(() => sum("acknowledged") > 300);
    await server.kill();
    await until(() => sum("failed") > 50);
    const before = sum("acknowledged");
    await server.restart();
    await until(() => sum("acknowledged") > before + 300);
    stop = true;
    await Promise.all(work);

    for (const counter of counters) await counter.check();
    for (const ended of [thief, revoked]) {
      expect((await ended.visit((session) => session.userId ?? "nobody")).value).toBe("nobody");
    }
    expect(pool.totalCount).toBeLessThanOrEqual(10);
    expect(pool.waitingCount).toBe(0);
  });

  it("empties an UNLOGGED table: everybody is logged out, and what was revoked stays revoked", async () => {
    const server = await start([], { durable: true });
    const store = postgresStore(poolOf(server.url), { unlogged: true, sweepEvery: false });
    await store.create("a", record({ userId: "ann" }));
    const epoch = await store.epoch("ann");
    await store.deleteAll("ann");
    const moved = await store.epoch("ann");
    await server.kill();
    await server.restart();
    await until(() => store.health());
    expect(await store.scan()).toEqual({ items: [] });
    expect(await store.epoch("ann")).toBe(moved);
    const late = { ...record(), userId: "ann" };
    expect(await store.admit("b", late, { epoch })).toEqual({ status: "revoked" });
  });
});

describe("a frozen server", () => {
  it.each(["pg", "postgres", "a URL"])(
    "fails each request in time, clears no cookie, and is used again when it thaws, over %s",
    async (driver) => {
      const sql = () => {
        const client = postgres(shared.url, { max: 10, onnotice: () => {} });
        later(() => client.end({ timeout: 1 }));
        return client;
      };
      const { visitor } = appOver(driver === "pg" ? poolOf(shared.url) : driver === "postgres" ? sql() : shared.url);
      later(() => shared.resume());
      const counters = await Promise.all(Array.from({ length: 20 }, async () => new Counter(await login(visitor()))));
      shared.pause();
      const times = await Promise.all(
        counters.map(async (counter) => {
          const started = performance.now();
          await counter.add();
          return performance.now() - started;
        }),
      );
      expect(Math.max(...times)).toBeLessThan(TIMEOUT + 30_000);
      expect(counters.map(({ failed }) => failed)).toEqual(counters.map(() => 1));
      shared.resume();
      for (const counter of counters) {
        await until(async () => {
          await counter.add();
          return counter.acknowledged > 0;
        }, 30);
        await counter.check();
      }
    },
  );
});

describe("a lost answer", () => {
  const named = (which: "update" | "remove"): RegExp =>
    new RegExp(statementsFor(namesOf("public", table))[which].name ?? "");

  it("to update() is a failure, was applied once, and whoever tries again with what was read is told", async () => {
    const network = await startNetwork();
    const { store } = appOver(poolOf(network.url, 1));
    const direct = appOver(poolOf(shared.url)).store;
    const version = (await store.create("key", record())) ?? "";
    await store.update("other", record(), version);
    const dropped = network.dropAnswer({ matches: named("update") });
    expect(await failure(store.update("key", record({ payload: "1" }), version))).toBeInstanceOf(Error);
    await dropped;
    expect((await direct.get("key"))?.payload).toBe("1");
    const again = await store.update("key", record({ payload: "2" }), version);
    expect(again).toMatchObject({ status: "conflict", current: { payload: "1" } });
    expect((await direct.get("key"))?.payload).toBe("1");
  });

  it("never counts twice, and what is counted is between what was acknowledged and what was asked for", async () => {
    const network = await startNetwork();
    const { visitor } = appOver(poolOf(network.url, 3));
    const counter = new Counter(await login(visitor()));
    await counter.add();
    for (let turn = 0; turn < 12; turn++) {
      const dropped = turn % 2 === 0 ? network.dropAnswer({ matches: named("update") }) : undefined;
      await counter.add();
      await dropped;
    }
    expect(counter.failed).toBeGreaterThanOrEqual(6);
    await counter.check();
    const { value } = await counter.browser.visit((session) => session.data.n);
    expect(value).toBeGreaterThanOrEqual(counter.acknowledged + 6);
  });

  it("to delete() is a failure, and the session is gone all the same", async () => {
    const network = await startNetwork();
    const { store } = appOver(poolOf(network.url, 1));
    await store.create("key", record());
    await store.delete("other");
    const dropped = network.dropAnswer({ matches: named("remove") });
    expect(await failure(store.delete("key"))).toBeInstanceOf(Error);
    await dropped;
    expect(await store.get("key")).toBeNull();
  });
});

describe("the network", () => {
  it("that is cut, refuses or swallows makes requests fail in time, and everything goes on after it", async () => {
    const network = await startNetwork();
    const pool = poolOf(network.url, 5);
    const { visitor } = appOver(pool);
    const counters = await Promise.all(Array.from({ length: 10 }, async () => new Counter(await login(visitor()))));
    const everybody = () => Promise.all(counters.map((counter) => counter.add()));
    const cut = (): void => {
      network.refuse();
      network.cut();
    };
    for (const harm of [cut, network.blackHole]) {
      const failed = counters.map((counter) => counter.failed);
      harm();
      const started = performance.now();
      await everybody();
      expect(performance.now() - started).toBeLessThan(TIMEOUT + 30_000);
      expect(counters.map((counter) => counter.failed)).toEqual(failed.map((count) => count + 1));
      network.heal();
      await until(async () => {
        const acknowledged = counters.map((counter) => counter.acknowledged);
        await everybody();
        return counters.every((counter, index) => counter.acknowledged > (acknowledged[index] ?? 0));
      }, 30);
    }
    for (const counter of counters) await counter.check();
    await expect.poll(() => network.connections).toBeLessThanOrEqual(5);
  });
});

describe("the database", () => {
  it("out of connections refuses new ones, and takes them when there are some", async () => {
    const server = await start(["max_connections=12", "superuser_reserved_connections=2"]);
    const admin = poolOf(server.url, 1);
    await admin.query("CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app");
    const url = server.urlOf({ user: "app" });
    const { visitor } = appOver(poolOf(url, 4));
    const counter = new Counter(await login(visitor()));
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
    const others: pg.Client[] = [];
    for (let full = false; !full; ) {
      const client = new pg.Client(url);
      client.on("error", () => {});
      full = (await failure(client.connect())) instanceof Error;
      others.push(client);
    }
    await counter.add();
    expect([counter.failed, counter.acknowledged]).toEqual([1, 0]);
    await Promise.all(others.map((client) => client.end().catch(() => {})));
    await until(async () => {
      await counter.add();
      return counter.acknowledged > 0;
    }, 30);
    await counter.check();
  });

  it("that is read-only serves what is read, fails what is written, and takes writes again", async () => {
    const server = await start();
    const admin = poolOf(server.url, 1);
    const { visitor, sessions } = appOver(poolOf(server.url));
    const counter = new Counter(await login(visitor()));
    await counter.add();
    const readOnly = async (value: "on" | "off"): Promise<void> => {
      await admin.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await admin.query("SELECT pg_reload_conf()");
      // Each connection takes it over before its next query.
      await until(
        async () =>
          (await admin.query("SHOW default_transaction_read_only")).rows[0].default_transaction_read_only === value,
      );
    };
    await readOnly("on");
    await until(async () => {
      await counter.add();
      return counter.failed > 0;
    }, 30);
    await counter.check();
    expect(await failure(sessions.revokeUser("ann"))).toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE" });
    const { response, setCookies } = await counter.browser.visit((session) => session.logout());
    expect([response.status, setCookies]).toEqual([503, []]);
    await counter.check();
    await admin.query("SET default_transaction_read_only = off");
    await readOnly("off");
    const { acknowledged } = counter;
    await until(async () => {
      await counter.add();
      return counter.acknowledged > acknowledged;
    }, 30);
    await counter.check();
  });
});
