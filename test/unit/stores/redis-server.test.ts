/** What only a server can show of the Redis store: its commands, its keys, its URL form; and the harness itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { Redis } from "ioredis";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import { openStore } from "../../../src/stores/open.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { canConnect, until } from "../../servers/process.ts";
import { startProxy } from "../../servers/proxy.ts";
import { ask, startRedis } from "../../servers/redis.ts";

const server = await startRedis();
const client = new Redis(server.port, "127.0.0.1");
afterAll(async () => {
  client.disconnect();
  await server.close();
});
beforeEach(async () => {
  await client.flushall();
});

const record = (changes?: Partial<SessionRecord>): SessionRecord => {
  const now = Date.now();
  return { payload: "{}", createdAt: now, seenAt: now, expiresAt: now + 3_600_000, ...changes };
};
const ann = { ...record(), userId: "ann" };

describe("round trips", () => {
  const sent: string[] = [];
  const store = redisStore(
    {
      command: ([command = "", ...args]) => {
        sent.push(command);
        return client.call(command, ...args);
      },
    },
    { waitReplicas: 0 },
  );

  it("every required verb, epoch(), admit() and deleteAll() are one each, EVALSHA or a plain read", async () => {
    const epoch = await store.epoch("ann");
    const calls: (() => Promise<unknown>)[] = [
      () => store.create("key", ann),
      () => store.get("key"),
      () => store.update("key", ann, 1),
      () => store.touch("key", Date.now(), Date.now()),
      () => store.epoch("ann"),
      () => store.admit("other", ann, { epoch, limit: 5 }),
      () => store.delete("key"),
      () => store.deleteAll("ann"),
    ];
    // The first time a script is told to the server; afterwards it is known by its hash.
    for (const call of calls) await call();
    await client.flushall();
    for (const call of calls) {
      sent.length = 0;
      await call();
      expect(sent, String(call)).toHaveLength(1);
      expect(sent[0]).toMatch(/^(GET|MGET|EVALSHA)$/);
    }
  });

  it("a script that the server has forgotten is told once more", async () => {
    await store.create("key", ann);
    await client.script("FLUSH");
    sent.length = 0;
    await store.delete("key");
    await store.delete("key");
    expect(sent).toEqual(["EVALSHA", "EVAL", "EVALSHA"]);
  });
});

describe("keys", () => {
  const store = redisStore(client);

  it("is one for an anonymous session, which the server drops a minute after its end", async () => {
    await store.create("AbC", record());
    expect(await client.keys("*")).toEqual(["sojourn:r{A2}AbC"]);
    const life = await client.pttl("sojourn:r{A2}AbC");
    expect(life).toBeGreaterThan(3_600_000);
    expect(life).toBeLessThanOrEqual(3_660_000);
    await store.touch("AbC", Date.now(), Date.now() + 7_200_000);
    expect(await client.pttl("sojourn:r{A2}AbC")).toBeGreaterThan(7_200_000);
    await store.delete("AbC");
    expect(await client.keys("*")).toEqual([]);
  });

  it("an index that lost or kept too much heals: what is gone is taken out by list() and admit()", async () => {
    await store.create("one", ann);
    await store.create("two", ann);
    await client.del("sojourn:r{o2}one", "sojourn:r{oe}one");
    await client.call("ZADD", "sojourn:u{ann}", "1", "never");
    expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["two"]);
    expect(await client.zrange("sojourn:u{ann}", "0", "-1")).toEqual(["two"]);
    await client.call("ZADD", "sojourn:u{ann}", "1", "never");
    const epoch = await store.epoch("ann");
    expect((await store.admit("three", ann, { epoch, limit: 2, onLimit: "reject" })).status).toBe("ok");
    expect((await client.zrange("sojourn:u{ann}", "0", "-1")).sort()).toEqual(["three", "two"]);
  });

  it("an error of the client holds no data of the session", async () => {
    await client.set("sojourn:u{ann}", "not a set");
    const error = await store.create("key", { ...ann, payload: "hunter2" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
  });
});

describe("scan()", () => {
  it("gives every record once in pages of one, where places of the table hold several", async () => {
    for (let round = 0; round < 40; round += 1) {
      const store = redisStore(client, { prefix: `scan${round}:` });
      // In a table of 32 places many of 30 keys share one.
      const keys = Array.from({ length: 30 }, () => crypto.randomUUID());
      await Promise.all(keys.map((key) => store.create(key, record())));
      const seen: string[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page: Awaited<ReturnType<typeof store.scan>> = await store.scan({ limit: 1, cursor });
        expect(page.items.length).toBeLessThanOrEqual(1);
        seen.push(...page.items.map(({ key }) => key));
        cursor = page.cursor;
      }
      expect(seen.sort()).toEqual(keys.sort());
      await client.flushall();
    }
  });
});

describe("openStore()", () => {
  it("opens a store by URL, and ends the client that it made", async () => {
    const store = await openStore(`redis://127.0.0.1:${server.port}/0?prefix=url:`);
    await store.create("key", record());
    expect(await client.keys("*")).toEqual(["url:r{k5}key"]);
    await store.close();
    await until(
      async () =>
        (await client.client("LIST")) !== "" &&
        Number(/connected_clients:(\d+)/.exec(await client.info("clients"))?.[1]) === 1,
    );
  });

  it("finds a server by its IPv6 address", async () => {
    const own = await startRedis(["--bind", "127.0.0.1", "-::1"]);
    try {
      // Where the machine has no IPv6 that is what it says.
      const said = await openStore(`redis://[::1]:${own.port}`).then(
        (store) => store.close(),
        (error: { code?: unknown }) => error.code,
      );
      expect([undefined, "EADDRNOTAVAIL"]).toContain(said);
    } finally {
      await own.close();
    }
  });

  it("rejects when nobody is there, and for a parameter that is none", async () => {
    await expect(openStore("redis://127.0.0.1:1/")).rejects.toThrow();
    await expect(openStore(`redis://127.0.0.1:${server.port}/?prefx=a`)).rejects.toMatchObject({
      code: "SOJOURN_INVALID_OPTION",
    });
  });
});

describe("the harness", () => {
  it("stops, freezes, kills and restarts a server on its port", async () => {
    const own = await startRedis();
    own.pause();
    await expect(ask(own.port, "ECHO a")).rejects.toThrow();
    own.resume();
    expect(await ask(own.port, "ECHO a")).toBe("$1\r\na\r\n");
    await own.kill();
    expect([own.running, await canConnect(own.port)]).toEqual([false, false]);
    await own.restart();
    expect(await ask(own.port, "ECHO b")).toBe("$1\r\nb\r\n");
    await own.stop();
    expect(existsSync(own.folder)).toBe(true);
    await own.close();
    expect(existsSync(own.folder)).toBe(false);
  });

  it("leaves no server and no folder behind when the process is killed", async () => {
    const harness = new URL("../../servers/redis.ts", import.meta.url).pathname;
    const source = `import { startRedis } from ${JSON.stringify(harness)};
      startRedis().then(({ port, folder }) => { console.log(JSON.stringify({ port, folder })); setInterval(() => {}, 1000); });`;
    const child = spawn("node", ["--import", "tsx", "--input-type=module", "-e", source]);
    const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const { port, folder } = JSON.parse(line) as { port: number; folder: string };
    expect([await canConnect(port), existsSync(folder)]).toEqual([true, true]);
    child.kill("SIGKILL");
    await until(async () => !(await canConnect(port)) && !existsSync(folder), 30, "the end of the server");
  });

  it("the proxy swallows everything, or only an answer, and lets go of it again", async () => {
    const proxy = await startProxy(server.port);
    proxy.blackHole();
    await expect(ask(proxy.port, "SET a 1")).rejects.toThrow("no answer");
    proxy.heal();
    expect(await ask(proxy.port, "GET a")).toBe("$-1\r\n");
    const dropped = proxy.dropAnswer({ matches: /SET/, silently: true });
    await expect(ask(proxy.port, "SET a 1")).rejects.toThrow("no answer");
    await dropped;
    expect(await ask(server.port, "GET a")).toBe("$1\r\n1\r\n");
    await proxy.close();
  });
});
