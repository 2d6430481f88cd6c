/** Redis as others have set it up: their clients' options, their users' rights, their memory policies. */
import { Redis } from "ioredis";
import { createClient, RESP_TYPES } from "redis";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import { openStore } from "../../src/stores/open.ts";
import type { RedisStore, RedisStoreOptions } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { until } from "../servers/process.ts";
import { ask, startRedis } from "../servers/redis.ts";

const server = await startRedis();
const url = `redis://127.0.0.1:${server.port}`;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => server.close());
beforeEach(async () => {
  await ask(server.port, "FLUSHALL");
});

const record = (changes: Partial<SessionRecord> = {}): SessionRecord & { readonly userId: string } => {
  const now = Date.now();
  return { payload: "é", userId: "ann", createdAt: now, seenAt: now, expiresAt: now + 3_600_000, ...changes } as never;
};
const io = (options: object = {}, port = server.port): Redis => {
  const client = new Redis(port, "127.0.0.1", options);
  client.on("error", () => {});
  ends.push(() => client.disconnect());
  return client;
};

/** One pass over the verbs, as a login, a request, a device list and the ends do them. */
async function everyVerb(store: RedisStore): Promise<void> {
  const epoch = await store.epoch("ann");
  const admitted = await store.admit("AbC", record(), { epoch, limit: 2, since: Date.now() + 1 });
  expect(admitted.status).toBe("ok");
  const loaded = await store.get("AbC");
  expect(loaded).toMatchObject({ payload: "é", userId: "ann" });
  const updated = await store.update("AbC", record({ payload: "ü" }), loaded?.version ?? 0);
  expect(updated.status).toBe("ok");
  expect((await store.update("AbC", record(), loaded?.version ?? 0)).status).toBe("conflict");
  expect((await store.update("nobody", record(), 1)).status).toBe("gone");
  expect(await store.touch("AbC", Date.now() + 5, Date.now() + 7_200_000)).toBe(true);
  expect(await store.create("anonymous", record({ userId: undefined }))).not.toBeNull();
  expect(await store.create("anonymous", record({ userId: undefined }))).toBeNull();
  expect((await store.list("ann")).items.map(({ key }) => key)).toEqual(["AbC"]);
  expect((await store.scan()).items).toHaveLength(2);
  const stone = {
    key: "AbC",
    version: updated.status === "ok" ? updated.version : 0,
    record: record({ userId: undefined }),
  };
  expect((await store.replace?.("DeF", record(), stone))?.status).toBe("ok");
  expect(await store.delete("anonymous")).toBe(true);
  expect(await store.deleteAll("ann", { except: "AbC" })).toBeNull();
  expect(await store.deleteAll("ann")).toEqual(["DeF"]);
  expect(await store.clear()).toEqual(["AbC"]);
  const parallel = await Promise.all([store.get("x"), store.get("y"), store.update("x", record(), 1)]);
  expect(parallel).toEqual([null, null, { status: "gone" }]);
  expect((await store.health()).latencyMs).toBeGreaterThan(0);
}

describe("clients", () => {
  const buffers = {
    [RESP_TYPES.BLOB_STRING]: Buffer,
    [RESP_TYPES.SIMPLE_STRING]: Buffer,
    [RESP_TYPES.NUMBER]: String,
  };
  const options: Record<string, object> = {
    "RESP 2": { RESP: 2 },
    "RESP 3": { RESP: 3 },
    "Buffers and texts for answers": { RESP: 3, commandOptions: { typeMapping: buffers } },
  };
  it.each(Object.keys(options))("of redis with %s does every verb", async (name) => {
    const client = createClient({ url, ...options[name] });
    client.on("error", () => {});
    await client.connect();
    ends.push(() => client.destroy());
    await everyVerb(redisStore(client as never));
  });

  it.each([{ stringNumbers: true }, { showFriendlyErrorStack: true }, { enableAutoPipelining: true }])(
    "of ioredis with %o does every verb",
    async (option) => {
      await everyVerb(redisStore(io(option)));
    },
  );

  it("that adds a keyPrefix is refused at once, and says what to do", async () => {
    const client = io({ keyPrefix: "app:" });
    expect(() => redisStore(client)).toThrow(
      expect.objectContaining({ code: "SOJOURN_INVALID_OPTION", message: expect.stringContaining("keyPrefix") }),
    );
    const copy = client.duplicate({ keyPrefix: "" });
    ends.push(() => copy.disconnect());
    await everyVerb(redisStore(copy));
  });

  it("that changes names or gives no text is found out with the first call", async () => {
    const prefixed = io({ keyPrefix: "app:" });
    const plain = io();
    const wrong = [
      ([command = "", ...args]: string[]) => prefixed.call(command, ...args),
      ([command = "", ...args]: string[]) => plain.callBuffer(command, ...args),
      async () => null,
      async () => "OK",
    ];
    for (const command of wrong) {
      const store = redisStore({ command });
      for (const call of [() => store.get("key"), () => store.deleteAll("ann"), () => store.health()]) {
        await expect(call()).rejects.toMatchObject({ code: "SOJOURN_INVALID_OPTION" });
      }
    }
  });

  it.each(["valkey", "redis"])("are made of a URL that begins with %s:", async (scheme) => {
    const store = await openStore(`${scheme}://127.0.0.1:${server.port}/0?prefix=shop:&timeout=4000`);
    ends.push(() => store.close());
    expect(await store.create("AbC", record())).not.toBeNull();
    expect(await ask(server.port, "EXISTS shop:r{A2}AbC")).toBe(":1\r\n");
  });
});

describe("rights", () => {
  /** What docs/redis.md prescribes. */
  const LEAST =
    "~sojourn:* &sojourn:ended +get +mget +set +del +getrange +setrange +persist +pexpire +pttl +zadd +zrem +zrange +zrangebyscore +eval +evalsha +publish +subscribe +scan +info +wait";

  async function storeOf(rights: string, options: RedisStoreOptions = {}): Promise<RedisStore> {
    const set = await ask(server.port, `ACL SETUSER app reset on >secret ${rights}`);
    expect(set).toBe("+OK\r\n");
    const client = createClient({ url: `redis://app:secret@127.0.0.1:${server.port}`, disableOfflineQueue: true });
    client.on("error", () => {});
    await client.connect();
    ends.push(() => client.destroy());
    return redisStore(client, options);
  }

  it("the least that docs/redis.md names are enough for every verb and for watch", async () => {
    const store = await storeOf(LEAST);
    const ended: string[] = [];
    ends.push(store.watch((key) => ended.push(key)));
    await until(async () => /:1\r\n$/.test(await ask(server.port, "PUBSUB NUMSUB sojourn:ended")), 30, "subscription");
    await everyVerb(store);
    await until(() => ended.includes("DeF"), 30, "an end");
  });

  const rights = LEAST.split(" ").filter((right) => !["+subscribe", "+wait"].includes(right));
  it.each(rights)("a user without %s is told so by name, at the latest by the call that needs it", async (right) => {
    const store = await storeOf(
      LEAST.split(" ")
        .filter((each) => each !== right)
        .join(" "),
    );
    const failure = await everyVerb(store).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "SOJOURN_STORE_UNAVAILABLE", message: expect.stringContaining(right) });
  });

  it.each(["&sojourn:ended", "+publish", "+info", "+evalsha"])(
    "without %s nothing begins, rather than that ends fail or are told as failed",
    async (right) => {
      const store = await storeOf(
        LEAST.split(" ")
          .filter((each) => each !== right)
          .join(" "),
      );
      for (const call of [() => store.get("key"), () => store.health(), () => store.deleteAll("ann")]) {
        await expect(call()).rejects.toMatchObject({ message: expect.stringContaining(right) });
      }
      expect(await ask(server.port, "EXISTS sojourn:v{ann}")).toBe(":0\r\n");
    },
  );

  it("INFO is not needed where nothing waits for replicas", async () => {
    await everyVerb(await storeOf(LEAST.replace(" +info +wait", ""), { waitReplicas: 0 }));
  });

  it("who may no longer publish can still log out, and health() says that nobody is told", async () => {
    const store = await storeOf(LEAST);
    await store.create("AbC", record());
    await ask(server.port, "ACL SETUSER app resetchannels");
    expect(await store.delete("AbC")).toBe(true);
    await expect(store.health()).rejects.toMatchObject({ message: expect.stringContaining("&sojourn:ended") });
  });
});

describe("memory", () => {
  it.each(["allkeys-lru", "allkeys-random"])(
    "a server that evicts by %s is refused, by health() too",
    async (policy) => {
      const full = await startRedis(["--maxmemory", "20mb", "--maxmemory-policy", policy]);
      ends.push(() => full.close());
      const store = redisStore(io({}, full.port));
      for (const call of [() => store.get("key"), () => store.health()]) {
        await expect(call()).rejects.toMatchObject({
          code: "SOJOURN_UNSUPPORTED",
          message: expect.stringMatching(new RegExp(`${policy}.*noeviction`)),
        });
      }
      await ask(full.port, "CONFIG SET maxmemory-policy noeviction");
      await store.health();
      await ask(full.port, `CONFIG SET maxmemory-policy ${policy}`);
      await expect(store.health()).rejects.toMatchObject({ code: "SOJOURN_UNSUPPORTED" });
      await ask(full.port, "CONFIG SET maxmemory 0");
      await store.health();
    },
  );

  it.each(["volatile-lru", "volatile-ttl", "volatile-random"])(
    "a server that evicts by %s loses sessions, and no revocation misses one",
    async (policy) => {
      const small = await startRedis(["--maxmemory", "4mb", "--maxmemory-policy", policy]);
      ends.push(() => small.close());
      const store = redisStore(io({}, small.port));
      const users = Array.from({ length: 100 }, (_, at) => `user-${at}`);
      const sessions = users.flatMap((userId) =>
        [0, 1].map((device) => ({ userId, key: `${userId}-${device}`.padEnd(43, "0") })),
      );
      for (const { userId, key } of sessions) {
        const admission = { epoch: await store.epoch(userId), limit: 2 };
        await store.admit(key, record({ userId, payload: "x".repeat(500) }), admission);
      }
      // Strangers fill the memory, while those that are in use go on being used.
      for (let at = 0; at < 6000; at += 200) {
        const some = Array.from({ length: 200 }, (_, each) => `stranger${at + each}`.padStart(43, "0"));
        await Promise.all(
          some.map((key) => store.create(key, record({ userId: undefined, payload: "x".repeat(500) }))),
        );
        if (at % 1000 === 0) await Promise.all(sessions.map(({ key }) => store.get(key)));
      }
      expect(Number(/evicted_keys:(\d+)/.exec(await ask(small.port, "INFO stats"))?.[1])).toBeGreaterThan(500);
      for (const userId of users) {
        const third = { epoch: await store.epoch(userId), limit: 2 };
        expect((await store.admit(`${userId}-2`.padEnd(43, "0"), record({ userId }), third)).status).toBe("ok");
        expect((await store.list(userId)).items.length).toBeLessThanOrEqual(2);
      }
      for (const userId of users) await store.deleteAll(userId);
      const all = [...sessions.map(({ key }) => key), ...users.map((userId) => `${userId}-2`.padEnd(43, "0"))];
      expect((await Promise.all(all.map((key) => store.get(key)))).filter((found) => found !== null)).toEqual([]);
    },
  );

  it("an index from before the policy was changed is made lasting by the next touch, or made again", async () => {
    const client = io();
    const before = redisStore(client);
    await before.create("AbC", record());
    await before.create("DeF", record());
    expect(await client.pttl("sojourn:u{ann}")).toBeGreaterThan(0);
    await ask(server.port, "CONFIG SET maxmemory-policy volatile-lru");
    await ask(server.port, "CONFIG SET maxmemory 100mb");
    ends.push(() => ask(server.port, "CONFIG SET maxmemory-policy noeviction"));
    ends.push(() => ask(server.port, "CONFIG SET maxmemory 0"));
    const store = redisStore(client);
    await store.touch("AbC", Date.now(), Date.now() + 1000);
    expect(await client.pttl("sojourn:u{ann}")).toBe(-1);
    await client.del("sojourn:u{ann}");
    await store.touch("DeF", Date.now(), Date.now() + 1000);
    expect(await store.deleteAll("ann")).toEqual(["DeF"]);
  });
});

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && (error as { code?: unknown }).code === "SOJOURN_RECORD_TOO_LARGE";

it("a session that is larger than the server takes is an error of its own, and the connection serves on", async () => {
  const small = await startRedis(["--proto-max-bulk-len", "1mb"]);
  ends.push(() => small.close());
  const node = createClient({ url: `redis://127.0.0.1:${small.port}`, disableOfflineQueue: true });
  node.on("error", () => {});
  await node.connect();
  ends.push(() => node.destroy());
  for (const client of [node, io({}, small.port)]) {
    const store = redisStore(client);
    const version = (await store.create("AbC", record())) as number;
    const large = record({ payload: "x".repeat(1_100_000) });
    for (const call of [() => store.update("AbC", large, version), () => store.create("DeF", large)]) {
      // The server answers and closes. When the client is still writing then, the answer can be lost with the connection.
      const refusals: unknown[] = [];
      for (let tries = 0; tries < 20 && !refusals.some(isTooLarge); tries++) {
        refusals.push(
          await call().then(
            () => "stored",
            (error: unknown) => error,
          ),
        );
        await until(async () => (await store.get("AbC")) !== null, 30, "an answer");
      }
      expect(refusals).not.toContain("stored");
      expect(refusals.find(isTooLarge)).toMatchObject({ status: 413 });
    }
    expect(await store.delete("AbC")).toBe(true);
  }
});

describe("health()", () => {
  it("is not well on a replica, a read-only or a full server, which answer pings", async () => {
    const other = await startRedis(["--maxmemory", "2mb", "--maxmemory-policy", "noeviction"]);
    ends.push(() => other.close());
    const store = redisStore(io({}, other.port));
    await store.health();
    expect(await ask(other.port, "KEYS *")).toBe("*0\r\n");
    await ask(other.port, "CONFIG SET maxmemory 100kb");
    await expect(store.health()).rejects.toThrow(/OOM/);
    await ask(other.port, "CONFIG SET maxmemory 0");
    await store.health();
    await ask(other.port, "CONFIG SET min-replicas-to-write 1");
    await expect(store.health()).rejects.toThrow(/NOREPLICAS/);
    await ask(other.port, "CONFIG SET min-replicas-to-write 0");
    await ask(other.port, `REPLICAOF 127.0.0.1 ${server.port}`);
    await expect(store.health()).rejects.toThrow(/replica/);
    await expect(store.create("AbC", record())).rejects.toThrow(/READONLY/);
    const fresh = redisStore(io({}, other.port));
    await expect(fresh.health()).rejects.toMatchObject({
      code: "SOJOURN_STORE_UNAVAILABLE",
      message: expect.stringContaining("replica"),
    });
  });
});
