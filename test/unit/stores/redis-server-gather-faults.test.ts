/** Gathered commands that fail, as a whole or for one of those who asked: nobody is told what is not so, and nothing is done twice. */
import { Redis } from "ioredis";
import { expect, it, test } from "vitest";
import type { Version } from "../../../src/record.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import { ask } from "../../servers/redis.ts";
import {
  admin,
  carryOut,
  clients,
  command,
  counting,
  created,
  node,
  outcomes,
  record,
  server,
  statuses,
} from "./redis-gathering.ts";

it.each(clients)("what fails of one fails alone with %s: the others are stored, and once", async (_name, client) => {
  const store = redisStore(client);
  const sessions = await created(store, "one", "type", "damaged", "index", "two");
  const of = (key: string): Version => sessions.get(key) ?? 0;
  await admin.del("sojourn:r{t9}type");
  await admin.lpush("sojourn:r{t9}type", "not a record");
  // The version fits, and the time is no number.
  await admin.setrange("sojourn:r{d1}damaged", 32, "never           ");
  await admin.set("sojourn:u{ann}", "not an index");
  const calls = () => [
    store.update("one", record("second"), of("one")),
    store.update("type", record("second"), of("type")),
    store.update("damaged", record("second"), of("damaged")),
    store.update("index", record("second", { userId: "ann" }), of("index")),
    store.update("two", record("second"), of("two")),
  ];
  expect(await outcomes(calls())).toEqual(["ok", "WRONGTYPE", "ERR", "WRONGTYPE", "ok"]);
  const found = await Promise.all(["one", "index", "two"].map((key) => store.get(key)));
  expect(found.map((each) => each?.payload)).toEqual(["second", "first", "second"]);
  expect(found[1]?.version).toBe(of("index"));
});

it.each(clients)(
  "a full server refuses each change with its own error, and goes on reading, touching and deleting with %s",
  async (_name, client) => {
    const store = redisStore(client);
    const sessions = await created(store, "one", "late", "gone", "two", "three");
    const of = (key: string): Version => sessions.get(key) ?? 0;
    await store.update("late", record("winner"), of("late"));
    await store.delete("gone");
    await ask(server.port, "CONFIG SET maxmemory 1");
    try {
      const asked = ["one", "late", "gone", "two"].map((key) => store.update(key, record("second"), of(key)));
      expect(await outcomes(asked)).toEqual(["OOM", "conflict", "gone", "OOM"]);
      const found = await Promise.all(["one", "two"].map((key) => store.get(key)));
      expect(found.map((each) => each?.version)).toEqual([of("one"), of("two")]);
      expect(await Promise.all([store.touch("one", 5, 0), store.delete("three")])).toEqual([true, true]);
    } finally {
      await ask(server.port, "CONFIG SET maxmemory 0");
    }
    expect(statuses(await Promise.all(["one", "two"].map((key) => store.update(key, record("3"), of(key)))))).toEqual([
      "ok",
      "ok",
    ]);
  },
);

it.each([
  ["became a replica", "READONLY", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"],
  ["lost its replicas", "NOREPLICAS", "CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"],
])("a server that %s refuses each change, and has made none", async (_what, word, before, after) => {
  const store = redisStore(node);
  const sessions = await created(store, "one", "late", "two");
  const of = (key: string): Version => sessions.get(key) ?? 0;
  await store.update("late", record("winner"), of("late"));
  await ask(server.port, before);
  try {
    const asked = ["one", "late", "two"].map((key) => store.update(key, record("second"), of(key)));
    expect(await outcomes(asked)).toEqual([word, "conflict", word]);
    expect((await Promise.all(["one", "two"].map((key) => store.get(key)))).map((each) => each?.payload)).toEqual([
      "first",
      "first",
    ]);
  } finally {
    await ask(server.port, after);
  }
});

test("scripts that the server has forgotten are told once more, and every change is made once", async () => {
  const store = redisStore(admin);
  const sessions = await created(store, "one", "two", "three");
  const update = async (payload: string) => {
    const results = await Promise.all(
      ["one", "two"].map((key) => store.update(key, record(payload), sessions.get(key) ?? 0)),
    );
    for (const [at, key] of ["one", "two"].entries()) {
      const result = results[at];
      if (result?.status === "ok") sessions.set(key, result.version);
    }
    return statuses(results);
  };
  await update("second");
  await admin.script("FLUSH");
  const calls = await counting(async () => {
    expect(await update("third")).toEqual(["ok", "ok"]);
  });
  expect(calls).toMatchObject({ evalsha: 1, eval: 1 });
  expect(await store.get("one")).toMatchObject({ payload: "third", version: sessions.get("one") });
});

test("whoever may not read several keys at a time reads them one by one", async () => {
  await admin.call("ACL", "SETUSER", "poor", "on", ">secret", "~*", "&*", "+@all", "-mget");
  const poor = new Redis({ port: server.port, host: "127.0.0.1", username: "poor", password: "secret" });
  const store = redisStore(poor);
  await created(store, "one", "two");
  let found: unknown[] = [];
  const calls = await counting(async () => {
    found = await Promise.all(["one", "two", "none"].map((key) => store.get(key)));
  });
  expect(calls).toMatchObject({ get: 3 });
  expect(found).toMatchObject([{ payload: "first" }, { payload: "first" }, null]);
  poor.disconnect();
});

it.each(["CROSSSLOT Keys in request don't hash to the same slot", "OOM command not allowed", "NOPERM no permissions"])(
  "a batch that is refused with %s has done nothing: each goes alone",
  async (message) => {
    const store = redisStore(command(() => Promise.reject(new Error(message))));
    const sessions = await created(store, "one", "two");
    const asked = [...sessions].map(([key, version]) => store.update(key, record("second"), version));
    expect(await outcomes([...asked, store.update("none", record(""), 1)])).toEqual(["ok", "ok", "gone"]);
    expect((await store.get("one"))?.payload).toBe("second");
  },
);

test("when the answer of a batch is lost, everybody is told so, and nothing is sent again", async () => {
  const sent: string[][] = [];
  const lose = async (args: string[]): Promise<never> => {
    await carryOut(args).catch(() => carryOut(args)); // whether the server knows the script or not
    throw new Error("Socket closed unexpectedly");
  };
  const known = redisStore(admin);
  await Promise.all(["a", "b"].map((key) => known.update(key, record(""), 1)));
  const store = redisStore(command(lose, sent));
  const sessions = await created(store, "one", "two");
  sent.length = 0;
  const asked = [...sessions].map(([key, version]) => store.update(key, record("second"), version));
  const results = await Promise.allSettled(asked);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(sent).toHaveLength(1);
  expect((await store.get("one"))?.payload, "it was applied").toBe("second");
});
