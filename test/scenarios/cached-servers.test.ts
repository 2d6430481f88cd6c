/** Processes with near caches of their own over one Redis or PostgreSQL, and what follows when the watch is cut. */
import pg from "pg";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createSessions } from "../../src/index.ts";
import type { SessionRecord } from "../../src/record.ts";
import { type CachedStore, cachedStore } from "../../src/stores/cached.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { type PostgresStore, postgresStore } from "../../src/stores/postgres.ts";
import { type RedisStore, redisStore } from "../../src/stores/redis.ts";
import { type FakeClock, fakeClock, type InstrumentedStore, instrumentedStore } from "../../src/testing/index.ts";
import { startPostgres } from "../servers/postgres.ts";
import { until } from "../servers/process.ts";
import { startProxy } from "../servers/proxy.ts";
import { startRedis } from "../servers/redis.ts";

const BOUND = 5000;
type Far = RedisStore | PostgresStore;

/** Opens the far store, and listens through a proxy when one is given. */
type Open = (name: string, clock: FakeClock, listenAt?: number) => Promise<Far>;
interface Backend {
  readonly port: number;
  readonly open: Open;
  close(): Promise<void>;
}

async function redisBackend(): Promise<Backend> {
  const server = await startRedis();
  const connect = (port: number) =>
    createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 20 } }).on("error", () => {});
  const clients: ReturnType<typeof connect>[] = [];
  return {
    port: server.port,
    async open(name, clock, listenAt = server.port) {
      const client = await connect(server.port).connect();
      clients.push(client);
      const split = {
        sendCommand: (args: string[]) => client.sendCommand(args),
        duplicate: () => connect(listenAt),
        subscribe: () => Promise.reject(new Error("only what was duplicated subscribes")),
      };
      return redisStore(split as never, { prefix: `${name}:`, clock });
    },
    async close() {
      for (const client of clients) client.destroy();
      await server.close();
    },
  };
}

async function postgresBackend(): Promise<Backend> {
  const server = await startPostgres();
  const pools: pg.Pool[] = [];
  return {
    port: server.port,
    async open(name, clock, listenAt = server.port) {
      const pool = new pg.Pool({ connectionString: server.url, max: 4 });
      pools.push(pool);
      const listen = async (): Promise<pg.Client> => {
        const client = new pg.Client(server.urlOf({ port: listenAt }));
        client.on("error", () => {});
        await client.connect();
        return client;
      };
      const store = postgresStore(pool, { table: name, clock, listen, sweepEvery: false });
      await store.health();
      return store;
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.end()));
      await server.close();
    },
  };
}

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface Process {
  readonly far: InstrumentedStore<Far>;
  readonly store: CachedStore<Far>;
}

let names = 0;

const starts = { Redis: redisBackend, PostgreSQL: postgresBackend };
describe.each(Object.entries(starts))("over %s", (_name, start) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await start();
  });
  afterAll(() => backend?.close());

  /** Two processes; the second listens through the proxy, and has heard something. */
  async function fleet() {
    names += 1;
    const name = `c${names}`;
    const clock = fakeClock();
    const proxy = await startProxy(backend.port);
    endings.push(() => proxy.close());
    const open = async (listenAt?: number): Promise<Process> => {
      const far = instrumentedStore(await backend.open(name, clock, listenAt));
      const store = cachedStore(memoryStore({ clock }), far.store, { clock, maxStaleness: BOUND });
      endings.push(() => store.close());
      return { far, store: store as unknown as CachedStore<Far> };
    };
    const [one, two] = [await open(), await open(proxy.port)];
    const record = (payload = "", userId?: string): SessionRecord => ({
      payload,
      userId,
      createdAt: clock(),
      seenAt: clock(),
      expiresAt: clock() + 3_600_000,
    });
    /** Ends sessions elsewhere until the second process has heard of one. */
    const hears = async (): Promise<void> => {
      const heard: string[] = [];
      const stop = two.store.watch((key) => heard.push(key));
      await until(async () => {
        await one.store.create("probe", record());
        await one.store.delete("probe");
        return heard.length > 0;
      });
      stop();
    };
    await two.store.create("first", record());
    await two.store.get("first");
    await hears();
    return { clock, proxy, one, two, record, hears, open };
  }

  const ends: readonly [string, (store: CachedStore<Far>, clock: FakeClock) => Promise<unknown>][] = [
    ["delete()", (store) => store.delete("a")],
    ["deleteAll()", (store) => store.deleteAll("ann")],
    ["clear()", (store) => store.clear()],
    [
      "an eviction",
      async (store, clock) => {
        const login = {
          payload: "",
          userId: "ann",
          createdAt: clock() + 1,
          seenAt: clock(),
          expiresAt: clock() + 9000,
        };
        await store.admit("b", login, { epoch: await store.epoch("ann"), limit: 1 });
      },
    ],
  ];

  it.each(ends)("%s in one process is seen by another without waiting for the bound", async (_verb, end) => {
    const { one, two, record, clock } = await fleet();
    await one.store.create("a", record("x", "ann"));
    expect((await two.store.get("a"))?.payload).toBe("x");
    await end(one.store, clock);
    expect(await one.store.get("a")).toBeNull();
    await until(async () => (await two.store.get("a")) === null);
  });

  it.each(ends)("a read that was under way at %s elsewhere does not bring the session back", async (_verb, end) => {
    const { one, two, record, clock } = await fleet();
    await one.store.create("a", record("x", "ann"));
    const gate = two.far.hold("get", { when: "after", key: "a" });
    const reading = two.store.get("a");
    await gate.reached;
    const heard: string[] = [];
    two.store.watch((key) => heard.push(key));
    await end(one.store, clock);
    await until(() => heard.includes("a"));
    gate.release();
    expect((await reading)?.payload).toBe("x");
    expect(await two.store.get("a")).toBeNull();
  });

  it("what another process wrote is read at the bound, and a stale read is a conflict", async () => {
    const { one, two, record, clock } = await fleet();
    const version = await one.store.create("a", record("0"));
    await two.store.get("a");
    expect((await one.store.update("a", record("1"), version ?? 0)).status).toBe("ok");
    const stale = await two.store.get("a");
    expect(stale?.payload).toBe("0");
    clock.advance(BOUND - 1);
    expect((await two.store.get("a"))?.payload).toBe("0");
    clock.advance(1);
    expect((await two.store.get("a"))?.payload).toBe("1");
    const late = await two.store.update("a", record("lost?"), stale?.version ?? 0);
    expect(late).toMatchObject({ status: "conflict", current: { payload: "1" } });
  });

  it("what was ended while the watch was cut is not served beyond the bound, and the watch comes back", async () => {
    const { one, two, record, clock, proxy, hears } = await fleet();
    for (const key of ["a", "b", "c"]) await one.store.create(key, record(key, "ann"));
    for (const key of ["a", "b"]) expect(await two.store.get(key)).not.toBeNull();
    proxy.refuse();
    proxy.cut();
    await until(() => proxy.connections === 0);
    await one.store.delete("a");
    clock.advance(BOUND - 2);
    // Nobody told: that is what the bound is for.
    expect(await two.store.get("a")).not.toBeNull();
    const asked = two.far.hold("get", { when: "after", key: "c" });
    const reading = two.store.get("c");
    await asked.reached;
    await one.store.deleteAll("ann");
    asked.release();
    expect(await reading).not.toBeNull();
    proxy.heal();
    await hears();
    clock.advance(2);
    expect([await two.store.get("a"), await two.store.get("b")]).toEqual([null, null]);
    // It was asked for two milliseconds before: the bound counts from there.
    clock.advance(BOUND - 2);
    expect(await two.store.get("c")).toBeNull();
    await one.store.create("d", record("d"));
    expect(await two.store.get("d")).not.toBeNull();
    await one.store.delete("d");
    await until(async () => (await two.store.get("d")) === null);
  });

  it("an outage of the watch alone costs nobody a session, and one of everything only what is too old", async () => {
    const { one, two, record, clock, proxy } = await fleet();
    await one.store.create("a", record("x"));
    await two.store.get("a");
    proxy.refuse();
    proxy.cut();
    two.far.fail("get");
    clock.advance(BOUND - 1);
    expect((await two.store.get("a"))?.payload).toBe("x");
    clock.advance(1);
    await expect(two.store.get("a")).rejects.toThrow("injected");
    two.far.restore();
    expect((await two.store.get("a"))?.payload).toBe("x");
  });

  it("stats() says how much the far store was spared", async () => {
    const { one, two, record } = await fleet();
    await one.store.create("a", record("x"));
    const before = two.store.stats();
    two.far.resetCalls();
    for (let turn = 0; turn < 50; turn++) await two.store.get("a");
    const { hits, misses, hitRate } = two.store.stats();
    expect([hits - before.hits, misses - before.misses, two.far.calls.get]).toEqual([49, 1, 1]);
    expect(hitRate).toBe(hits / (hits + misses));
  });

  it("a session revoked in one process is refused there at once, and elsewhere within the bound", async () => {
    const { one, two, clock, proxy } = await fleet();
    const secrets = "k1:0Fq3mC9TzV5w8yRbJ2nK7pXsLd4hGaEu1tQiO6vZxYc";
    const here = createSessions({ store: one.store, secrets, clock });
    const there = createSessions({ store: two.store, secrets, clock });
    const login = async () => {
      let id = "";
      const answer = await here.handle(new Request("https://app.example/"), async (session) => {
        await session.login("ann");
        id = session.id ?? "";
        return new Response();
      });
      const cookie = answer.headers.getSetCookie().map((line) => line.slice(0, line.indexOf(";")));
      return { id, request: () => new Request("https://app.example/", { headers: { cookie: cookie.join("; ") } }) };
    };
    const user = async (
      sessions: { open(request: Request): Promise<{ readonly userId: string | undefined }> },
      request: Request,
    ) => (await sessions.open(request)).userId;

    const first = await login();
    expect([await user(here, first.request()), await user(there, first.request())]).toEqual(["ann", "ann"]);
    await here.revoke(first.id);
    expect(await user(here, first.request())).toBeUndefined();
    await until(async () => (await user(there, first.request())) === undefined);

    const second = await login();
    expect(await user(there, second.request())).toBe("ann");
    proxy.refuse();
    proxy.cut();
    await until(() => proxy.connections === 0);
    await here.revokeUser("ann");
    expect(await user(here, second.request())).toBeUndefined();
    clock.advance(BOUND);
    expect(await user(there, second.request())).toBeUndefined();

    // The other process learns of it as soon as it is about to change anything.
    const third = await login();
    expect(await user(there, third.request())).toBe("ann");
    await here.revoke(third.id);
    const stale = await there.open(third.request());
    await stale.logout();
    expect(await user(there, third.request())).toBeUndefined();
  });
});
