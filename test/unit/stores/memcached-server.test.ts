/** The store over real servers: exchanges, expiry, short memory, and every way in which a server can fail. */

import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { Memcache } from "memcache";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SessionRecord, StoredRecord } from "../../../src/record.ts";
import { connectTo } from "../../../src/stores/memcached/servers.ts";
import type { MemcachedClient, MemcachedStore } from "../../../src/stores/memcached.ts";
import { memcachedStore } from "../../../src/stores/memcached.ts";
import { openStore } from "../../../src/stores/open.ts";
import { freeze } from "../../servers/freeze.ts";
import { startMemcached } from "../../servers/memcached.ts";
import { temporaryFolder, until } from "../../servers/process.ts";
import { startProxy } from "../../servers/proxy.ts";

const server = await startMemcached();
const second = await startMemcached();
const proxy = await startProxy(server.port);
const proxied = `memcached://127.0.0.1:${proxy.port}`;
const both = `${server.url},${second.url.slice("memcached://".length)}`;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await proxy.close();
  await Promise.all([server.close(), second.close()]);
});

let prefixes = 0;
let prefix = "";
beforeEach(() => {
  prefixes += 1;
  prefix = `t${prefixes}:`;
});

function open(source: string | MemcachedClient | Memcache = server.url, timeout = 1000): MemcachedStore {
  const store = memcachedStore(source, { prefix, timeout });
  ends.push(() => store.close());
  return store;
}

/** A client of the package memcache for one server. */
function memcache(url: string): Memcache {
  const client = new Memcache({ nodes: [url.slice("memcached://".length)] });
  client.on("error", () => {});
  ends.push(() => client.disconnect());
  return client;
}

const record = (changes: Partial<SessionRecord> = {}): SessionRecord => ({
  payload: "data",
  createdAt: Date.now(),
  seenAt: Date.now(),
  expiresAt: Date.now() + 3_600_000,
  ...changes,
});

const many = <T>(times: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => call(index)));

/** One line of the protocol, past every client. */
function raw(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString("utf8").trimEnd());
    });
    socket.once("error", reject);
  });
}

async function failure(call: () => Promise<unknown>): Promise<{ readonly ms: number; readonly error: unknown }> {
  const start = performance.now();
  const error = await call().then(
    () => expect.fail("answered"),
    (reason: unknown) => reason,
  );
  return { ms: performance.now() - start, error };
}

const recovered = (store: MemcachedStore): Promise<void> => until(() => store.health(), 10, "recovery");

describe("exchanges with the server", () => {
  /** A client that counts them. */
  function counting(): { readonly client: MemcachedClient; count(): number } {
    const own = connectTo(server.url, 1000);
    ends.push(() => own.close());
    let calls = 0;
    const client = new Proxy(own, {
      get(target, name) {
        calls += 1;
        return Reflect.get(target, name);
      },
    });
    return {
      client,
      count: () => {
        const found = calls;
        calls = 0;
        return found;
      },
    };
  }

  test("are one for each verb after a read of the same process, and two without", async () => {
    const { client, count } = counting();
    const store = open(client);
    const trips = async (call: () => Promise<unknown>): Promise<number> => {
      count();
      await call();
      return count();
    };
    const key = "a";
    let found = {} as StoredRecord;
    const read = async (): Promise<void> => {
      found = (await store.get(key)) as StoredRecord;
    };
    const update = (): Promise<unknown> => store.update(key, record(), found.version);
    let deadline = Date.now() + 9_000_000;
    const touch = (): Promise<unknown> => {
      deadline += 1000;
      return store.touch(key, Date.now(), deadline);
    };
    expect(await trips(() => store.create(key, record()))).toBe(1);
    expect(await trips(read)).toBe(1);
    expect(await trips(update)).toBe(1);
    await read();
    expect(await trips(touch)).toBe(1);
    expect(await trips(touch)).toBe(2);
    expect(await trips(update), "the version is the same, memcached's number is not").toBe(2);
    await read();
    await open().touch(key, Date.now() + 5, Date.now() + 10_000_000);
    expect(await trips(update), "touched by another process meanwhile").toBe(3);
    await read();
    expect(await trips(() => store.delete(key))).toBe(1);
    await store.create(key, record());
    expect(await trips(() => store.delete(key))).toBe(2);
    expect(await trips(() => store.delete(key))).toBe(1);
    expect(await trips(() => store.health())).toBe(1);
  });

  test("of the same moment go out together over one connection", async () => {
    const store = open(proxied);
    await store.health();
    const start = performance.now();
    proxy.delay(50);
    await many(100, (index) => store.create(`k${index}`, record()));
    proxy.heal();
    expect(performance.now() - start).toBeLessThan(1000);
    expect(proxy.connections).toBe(1);
  });
});

describe("expiry", () => {
  const ttl = async (key: string): Promise<number> =>
    Number(/ t(-?\d+)/.exec(await raw(server.port, `mg ${prefix}${key} t`))?.[1]);
  const DAY = 86_400;

  test.each([
    ["an hour", 3600],
    ["29 days", 29 * DAY],
    ["30 days, which memcached takes for seconds from now", 30 * DAY - 61],
    ["30 days and a minute, which it takes for an instant", 30 * DAY],
    ["400 days", 400 * DAY],
  ])("on the server is a minute late, not short and not in 1970: %s", async (_, seconds) => {
    for (const source of [server.url, memcache(server.url)]) {
      const store = open(source);
      await store.create("a", record({ expiresAt: Date.now() + seconds * 1000 }));
      // The bridge refuses nothing that memcached takes.
      expect(Math.abs((await ttl("a")) - seconds - 60)).toBeLessThanOrEqual(2);
      expect(await store.get("a")).not.toBeNull();
      await store.touch("a", Date.now(), Date.now() + seconds * 1000 + 100_000);
      expect(Math.abs((await ttl("a")) - seconds - 160)).toBeLessThanOrEqual(2);
      await store.delete("a");
    }
  });

  test("beyond what memcached can say is left to it", async () => {
    await open().create("a", record({ expiresAt: 253_402_300_799_999 }));
    expect(await ttl("a")).toBe(-1);
  });

  test("of a record is exact, whatever the server still has", async () => {
    const store = open();
    await store.create("a", record({ expiresAt: Date.now() + 40 }));
    expect(await store.get("a")).not.toBeNull();
    await until(async () => (await store.get("a")) === null, 2);
    expect(await raw(server.port, `mg ${prefix}a`)).toBe("HD");
    expect(await store.delete("a"), "it was absent").toBe(false);
    expect(await raw(server.port, `mg ${prefix}a`), "and now it is gone").toBe("EN");
  });
});

describe("short memory", () => {
  test("ends sessions, and none of what is done to them afterwards brings one back", async () => {
    const small = await startMemcached(["-m", "2"]);
    ends.push(() => small.close());
    const store = open(small.url);
    const read: [string, StoredRecord][] = [];
    for (let index = 0; index < 4000; index++) {
      await store.create(`k${index}`, record({ payload: "x".repeat(8000) }));
      if (index < 100) read.push([`k${index}`, (await store.get(`k${index}`)) as StoredRecord]);
    }
    const evicted = [];
    for (const [key, found] of read) if ((await store.get(key)) === null) evicted.push([key, found] as const);
    expect(evicted.length).toBeGreaterThan(50);
    for (const [key, found] of evicted) {
      expect(await store.update(key, record(), found.version)).toEqual({ status: "gone" });
      expect(await store.touch(key, Date.now(), Date.now() + 9_000_000)).toBe(false);
      expect(await store.delete(key)).toBe(false);
      expect(await store.get(key)).toBeNull();
    }
  });

  test("that is not made free (-M) is an error, and a logout works all the same", async () => {
    const full = await startMemcached(["-m", "2", "-M"]);
    ends.push(() => full.close());
    const store = open(full.url);
    const kept: string[] = [];
    let refused: unknown;
    for (let index = 0; refused === undefined && index < 5000; index++) {
      await store.create(`k${index}`, record({ payload: "x".repeat(2000) })).then(
        () => kept.push(`k${index}`),
        (error: unknown) => {
          refused = error;
        },
      );
    }
    expect(refused).toMatchObject({ message: expect.stringContaining("out of memory") });
    expect(await store.get(kept[0] as string)).not.toBeNull();
    expect(await store.delete(kept[0] as string)).toBe(true);
    expect(await store.delete(kept[1] as string)).toBe(true);
    expect([await store.get(kept[0] as string), await store.get(kept[1] as string)]).toEqual([null, null]);
    await recovered(store);
  });

  test("an item that is too large is an error that leaves the one before, and the connection, as they were", async () => {
    for (const source of [server.url, memcache(server.url)]) {
      const store = open(source);
      await store.create("a", record({ payload: "before" }));
      const found = (await store.get("a")) as StoredRecord;
      const large = record({ payload: "x".repeat(1_100_000) });
      await expect(store.update("a", large, found.version)).rejects.toThrow(/too large/);
      await expect(store.create("b", large)).rejects.toThrow(/too large/);
      expect((await store.get("a"))?.payload).toBe("before");
      const fits = record({ payload: "ü".repeat(500_000) });
      expect((await store.update("a", fits, found.version)).status).toBe("ok");
      expect((await store.get("a"))?.payload).toHaveLength(500_000);
      await store.delete("a");
    }
  });
});

describe("servers", () => {
  test("have each their share of the keys, and no other takes over", async () => {
    const store = open(both);
    await many(400, (index) => store.create(`${crypto.randomUUID()}-${index}`, record()));
    const items = async (port: number): Promise<number> =>
      Number(/STAT curr_items (\d+)/.exec(await raw(port, "stats"))?.[1]);
    expect(await items(second.port)).toBeGreaterThan(120);
    expect(await items(second.port)).toBeLessThan(280);
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    for (const key of keys) await store.create(key, record());
    await second.kill();
    const results = await Promise.allSettled(keys.map((key) => store.get(key)));
    const lost = results.filter(({ status }) => status === "rejected").length;
    expect(lost).toBeGreaterThan(2);
    expect(lost).toBeLessThan(18);
    await expect(store.health()).rejects.toThrow();
    await second.restart();
    await recovered(store);
    for (const [index, { status }] of results.entries()) {
      expect((await store.get(keys[index] as string)) === null).toBe(status === "rejected");
    }
  });

  test("that ask for a user and a password get them", async () => {
    const guarded = await startMemcached([], ({ folder }) => {
      writeFileSync(join(folder, "users"), "app:hunter2\n");
      return ["-Y", join(folder, "users")];
    });
    ends.push(() => guarded.close());
    const url = (login: string): string => guarded.url.replace("//", `//${login}@`);
    const store = open(url("app:hunter2"));
    await store.create("a", record());
    expect(await store.get("a")).not.toBeNull();
    for (const wrong of [url("app:hunter3"), guarded.url]) {
      const { error } = await failure(() => open(wrong).get("a"));
      expect(`${(error as Error).stack}`).not.toMatch(/hunter/);
    }
  });

  test("can be reached through a Unix socket", async () => {
    const path = join(temporaryFolder("memcached-socket"), "mem cached");
    const door = createServer((socket) => socket.pipe(connect(server.port, "127.0.0.1")).pipe(socket));
    await new Promise<void>((resolve) => door.listen(path, resolve));
    ends.push(() => door.close());
    const store = open(`memcached://${encodeURI(path)}`);
    await store.create("a", record());
    expect(await raw(server.port, `mg ${prefix}a`)).toBe("HD");
  });

  test("are named by a URL, for those who can do without users", async () => {
    const store = await openStore(`${server.url}?prefix=url:&timeout=500`, { users: false });
    ends.push(() => store.close());
    expect(store.name).toBe("memcached");
    await store.create("a", record());
    expect(await raw(server.port, "mg url:a")).toBe("HD");
    await expect(openStore(`${server.url}?prefx=a`, { users: false })).rejects.toThrow('"?prefx"');
    await expect(openStore("memcached://127.0.0.1:1", { users: false })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });
});

describe.each([
  ["its own client", (url: string) => url],
  ["a client of the package memcache", memcache],
])("faults, with %s", (_, source) => {
  test("a server that is killed has lost its sessions, which is absence, and is used again by itself", async () => {
    const store = open(source(server.url));
    await store.create("a", record());
    const found = (await store.get("a")) as StoredRecord;
    await store.create("b", record());
    await server.kill();
    for (const call of [() => store.get("a"), () => store.create("c", record()), () => store.delete("a")]) {
      expect((await failure(call)).ms).toBeLessThan(2000);
    }
    await server.restart();
    await recovered(store);
    expect(await store.update("a", record(), found.version)).toEqual({ status: "gone" });
    expect(await store.touch("b", Date.now(), Date.now() + 9_000_000)).toBe(false);
    expect([await store.get("a"), await store.get("b")]).toEqual([null, null]);
    expect(await store.create("a", record())).not.toBeNull();
  });

  test("a server that is frozen fails every call within the timeout, and is used again when it goes on", async () => {
    const store = open(source(server.url), 300);
    await store.create("a", record());
    await freeze(server);
    const failed = await many(50, (index) =>
      failure(() => (index % 2 ? store.get("a") : store.create(`k${index}`, record()))),
    );
    // Whoever comes later waits no longer.
    failed.push(await failure(() => store.get("a")));
    server.resume();
    for (const { ms } of failed) expect(ms).toBeLessThan(2000);
    await recovered(store);
    expect((await store.get("a"))?.payload).toBe("data");
  });

  test("an answer that is lost after the server has done it is a failure, and is not done twice", async () => {
    const store = open(source(proxied), 500);
    await store.create("a", record({ payload: "0" }));
    const first = (await store.get("a")) as StoredRecord;
    for (const silently of [false, true]) {
      const now = (await store.get("a")) as StoredRecord;
      const payload = `${now.payload}+count`;
      const dropped = proxy.dropAnswer({ matches: /count/, silently });
      await failure(() => store.update("a", { ...now, payload }, now.version));
      await dropped;
      proxy.heal();
      await recovered(store);
    }
    const found = (await store.get("a")) as StoredRecord;
    expect(found.payload).toBe("0+count+count");
    expect(await store.update("a", record(), first.version)).toEqual({ status: "conflict", current: found });
  });

  test("a network that is cut, refuses or swallows everything fails calls, and is used again when it heals", async () => {
    const store = open(source(proxied), 400);
    await store.create("a", record({ payload: "x".repeat(300_000) }));
    for (const hurt of [() => proxy.cut(), () => proxy.refuse(), () => proxy.blackHole()]) {
      const reads = many(20, () =>
        store.get("a").then(
          (found) => found?.payload.length,
          () => "failed",
        ),
      );
      hurt();
      expect((await reads).every((read) => read === "failed" || read === 300_000)).toBe(true);
      proxy.cut();
      proxy.heal();
      await recovered(store);
      expect((await store.get("a"))?.payload).toHaveLength(300_000);
    }
    await until(() => proxy.connections <= 1, 5, "connections as before");
  });

  test("writes through all of it are done once or not at all, and what was ended stays so", async () => {
    const store = open(source(proxied), 400);
    await store.create("counter", record({ payload: "0" }));
    let [attempted, acknowledged, stop] = [0, 0, false];
    const ended: string[] = [];
    const work = many(10, async (worker) => {
      for (let turn = 0; !stop; turn++) {
        const key = `w${worker}x${turn}`;
        try {
          await store.create(key, record());
          const read = await store.get(key);
          await store.delete(key);
          ended.push(key);
          expect(await store.update(key, record(), read?.version ?? "")).toEqual({ status: "gone" });
          const now = (await store.get("counter")) as StoredRecord;
          attempted += 1;
          const result = await store.update("counter", record({ payload: `${Number(now.payload) + 1}` }), now.version);
          if (result.status === "ok") acknowledged += 1;
          else attempted -= 1;
        } catch (error) {
          if (/toEqual|AssertionError/.test(String(error))) throw error;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
    for (let round = 0; round < 6; round++) {
      const reached = ended.length + 30;
      await until(() => ended.length > reached, 10, "some work");
      if (round % 3 === 0) proxy.cut();
      else if (round % 3 === 1) await proxy.dropAnswer({ matches: /cas|ms / });
      else await proxy.dropAnswer({ silently: true });
      proxy.heal();
    }
    stop = true;
    await work;
    await recovered(store);
    const count = Number((await store.get("counter"))?.payload);
    expect(count).toBeGreaterThanOrEqual(acknowledged);
    expect(count).toBeLessThanOrEqual(attempted);
    for (const key of ended) expect(await store.get(key)).toBeNull();
  });
});
