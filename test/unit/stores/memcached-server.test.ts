/** The store over real servers: exchanges, expiry, short memory, several of them. The contract suite is in test/contracts. */
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StoredRecord } from "../../../src/record.ts";
import { connectTo } from "../../../src/stores/memcached/servers.ts";
import type { MemcachedClient } from "../../../src/stores/memcached.ts";
import { openStore } from "../../../src/stores/open.ts";
import { together } from "../../../src/testing/contract/case.ts";
import { startMemcached } from "../../servers/memcached.ts";
import { temporaryFolder, until } from "../../servers/process.ts";
import { failure, recovered } from "../../support/failing.ts";
import { ends, memcache, open, prefix, proxied, proxy, raw, record, server } from "./memcached-bench.ts";

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
  });

  test("of the same moment go out together over one connection", async () => {
    const store = open(proxied);
    await store.health();
    const start = performance.now();
    proxy.delay(50);
    await together(100, (index) => store.create(`k${index}`, record()));
    proxy.heal();
    expect(performance.now() - start).toBeLessThan(30_000);
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
    await until(async () => (await store.get("a")) === null, 30);
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
      const tooLarge = { code: "SOJOURN_RECORD_TOO_LARGE", status: 413, message: expect.stringContaining("-I") };
      await expect(store.update("a", large, found.version)).rejects.toMatchObject(tooLarge);
      await expect(store.create("b", large)).rejects.toMatchObject(tooLarge);
      expect((await store.get("a"))?.payload).toBe("before");
      const fits = record({ payload: "ü".repeat(500_000) });
      expect((await store.update("a", fits, found.version)).status).toBe("ok");
      expect((await store.get("a"))?.payload).toHaveLength(500_000);
      await store.delete("a");
    }
  });
});

describe("what every store keeps", () => {
  test("a write that was loaded before a touch takes back neither the use nor the time that it gave", async () => {
    for (const source of [server.url, memcache(server.url)]) {
      const store = open(source);
      const first = record();
      const version = (await store.create("touched", first)) as string;
      await store.touch("touched", first.seenAt + 500, first.expiresAt + 500);
      expect((await store.update("touched", { ...first, payload: "[1]" }, version)).status).toBe("ok");
      const times = { seenAt: first.seenAt + 500, expiresAt: first.expiresAt + 500 };
      expect(await store.get("touched")).toMatchObject({ payload: "[1]", ...times });
      await store.delete("touched");
    }
  });

  test("made-up keys find nothing, and halves of surrogate pairs are told apart", async () => {
    const store = open(server.url);
    await store.create("\ud800", record());
    for (const key of ["\ud801", "\ufffd", "", " ", "a\r\nflush_all", "x".repeat(1000)]) {
      expect(await store.get(key)).toBeNull();
      expect(await store.delete(key)).toBe(false);
    }
    expect(await store.delete("\ud800")).toBe(true);
  });

  test("health() writes, reads and deletes on every server, and finds one that does not do it", async () => {
    const second = await startMemcached();
    ends.push(() => second.close());
    const both = [server.url, second.url].map((url) => url.slice("memcached://".length)).join(",");
    for (const source of [`memcached://${both}`, memcache(second.url)]) {
      const counted = async (): Promise<number> =>
        Number(/STAT cmd_set (\d+)/.exec(await raw(second.port, "stats"))?.[1]) * 1000 +
        Number(/STAT delete_hits (\d+)/.exec(await raw(second.port, "stats"))?.[1]);
      const before = await counted();
      await open(source).health();
      expect(await counted()).toBe(before + 1001);
    }
    const own = connectTo(server.url, 1000);
    ends.push(() => own.close());
    const wrong: Partial<MemcachedClient>[] = [
      { add: async () => false },
      { add: async () => Promise.reject(new Error("read only")) },
      { gets: async () => null },
      { gets: async () => ({ value: "another", cas: "1" }) },
      { delete: async () => false },
    ];
    for (const verbs of wrong) await expect(open({ ...own, ...verbs }).health()).rejects.toThrow();
  });
});

describe("servers", () => {
  test("have each their share of the keys, and no other takes over", async () => {
    const second = await startMemcached();
    ends.push(() => second.close());
    const store = open(`${server.url},${second.url.slice("memcached://".length)}`);
    await together(400, (index) => store.create(`${crypto.randomUUID()}-${index}`, record()));
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
