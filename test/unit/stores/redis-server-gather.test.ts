/** Reads and updates of one moment, which become one command, over a real server: each is answered as if it were alone. */
import { Redis } from "ioredis";
import { expect, it, test } from "vitest";
import type { SessionRecord, Version } from "../../../src/record.ts";
import type { RedisStore } from "../../../src/stores/redis.ts";
import { redisStore } from "../../../src/stores/redis.ts";
import type { UpdateResult } from "../../../src/stores/store.ts";
import {
  admin,
  carryOut,
  clients,
  command,
  counting,
  created,
  node,
  numbered,
  record,
  server,
  statuses,
} from "./redis-gathering.ts";

it.each(clients)("fifty reads of one turn are one command with %s, and each finds its own", async (_name, client) => {
  const store = redisStore(client);
  const odd = ["", "quo'te", "{b}r}ace", "üñï 🎉", "\ud800", "a\r\nb"];
  await created(store, ...numbered(42));
  for (const key of odd) await store.create(key, record("🎉 \r\n", { userId: key }));
  await store.create("late", record("late", { expiresAt: Date.now() - 1 }));
  const keys = [...numbered(42), "nobody", "late", ...odd];
  let found: Awaited<ReturnType<typeof store.get>>[] = [];
  expect(
    await counting(async () => {
      found = await Promise.all(keys.map((key) => store.get(key)));
    }),
  ).toEqual({ mget: 1 });
  expect(found.map((each) => each?.payload)).toEqual([
    ...Array(42).fill("first"),
    undefined,
    undefined,
    ...Array(6).fill("🎉 \r\n"),
  ]);
  expect(found.slice(44).map((each) => each?.userId)).toEqual(odd);
  expect(await counting(() => store.get("0-session"))).toEqual({ get: 1 });
});

it.each(clients)("updates of one turn are one script with %s, and each is told how it ended", async (_name, client) => {
  const store = redisStore(client);
  const sessions = await created(store, "fits", "late", "gone", "twice", "expired");
  const of = (key: string): Version => sessions.get(key) ?? 0;
  await store.update("late", record("winner", { userId: "ann" }), of("late"));
  await store.update("expired", record("", { expiresAt: Date.now() - 1 }), of("expired"));
  await store.delete("gone");
  const asked = () => [
    store.update("fits", record("a\r\n 🎉", { userId: 'u"' }), of("fits")),
    store.update("late", record("loser"), of("late")),
    store.update("gone", record("back?"), of("gone")),
    store.update("expired", record("back?"), Number(of("expired")) + 1),
    store.update("twice", record("one"), of("twice")),
    store.update("twice", record("two"), of("twice")),
    store.update("late", record("guessed"), "made up"),
  ];
  await Promise.all(["a", "b"].map((key) => store.update(key, record(""), 1))); // so that the script is known
  let results: UpdateResult[] = [];
  expect(
    await counting(async () => {
      results = await Promise.all(asked());
    }),
  ).toMatchObject({ evalsha: 1 });
  expect(statuses(results)).toEqual(["ok", "conflict", "gone", "gone", "ok", "conflict", "conflict"]);
  expect(results[1]).toMatchObject({ current: { payload: "winner", userId: "ann" } });
  expect(results[5]).toMatchObject({
    current: { payload: "one", version: (results[4] as { version: Version }).version },
  });
  expect(await store.get("fits")).toMatchObject({
    payload: "a\r\n 🎉",
    version: (results[0] as { version: Version }).version,
  });
  expect((await store.list('u"')).items.map(({ key }) => key)).toEqual(["fits"]);
  expect(await store.get("gone")).toBeNull();
});

/** A generator of numbers that a seed repeats. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("what a batch does is what the same updates do one after the other", async () => {
  const clock = () => 1_000_000;
  const [together, alone] = ["together:", "alone:"].map((prefix) => redisStore(admin, { clock, prefix }));
  const stores = [together, alone] as readonly RedisStore[];
  const next = seeded(20_260);
  const keys = ["a", "b", "c", "dd", "{e}", "é"];
  const users = [undefined, "ann", "bob", "x".repeat(300)];
  const random = (): SessionRecord =>
    record(String(next(1000)), {
      userId: users[next(users.length)],
      createdAt: next(3),
      seenAt: next(5),
      expiresAt: clock() + (next(8) === 0 ? 0 : 3_600_000),
    });
  /** Versions are random: what each store's present ones are, as far as they were told. */
  const known = stores.map(() => new Map<string, Version>());
  const seen: Record<string, number> = {};
  for (let round = 0; round < 120; round++) {
    for (const key of keys) {
      const fresh = random();
      const versions = await Promise.all(stores.map((store) => store.create(key, fresh)));
      expect(versions[0] === null).toBe(versions[1] === null);
      for (const [at, version] of versions.entries()) if (version !== null) known[at]?.set(key, version);
    }
    const batch = Array.from({ length: 2 + next(9) }, () => ({
      key: keys[next(keys.length)] as string,
      record: random(),
      stale: next(3) === 0,
    }));
    const expected = stores.map((_, store) =>
      batch.map(({ key, stale }) => (stale ? 1 : (known[store]?.get(key) ?? 0))),
    );
    const update = (store: number, at: number, { key, record }: (typeof batch)[number]) =>
      (stores[store] as RedisStore).update(key, record, expected[store]?.[at] ?? 0);
    /** Without the versions themselves, but with whether a conflict names the one that was made before. */
    const plain = (store: number, results: readonly UpdateResult[]) =>
      results.map((result, at) => {
        const key = batch[at]?.key ?? "";
        if (result.status === "ok") known[store]?.set(key, result.version);
        if (result.status !== "conflict") return result.status;
        return { ...result.current, version: result.current.version === known[store]?.get(key) };
      });
    const gathered = await Promise.all(batch.map((each, at) => update(0, at, each)));
    const single: UpdateResult[] = [];
    for (const [at, each] of batch.entries()) single.push(await update(1, at, each));
    expect(plain(0, gathered)).toEqual(plain(1, single));
    for (const status of statuses(gathered)) seen[status] = (seen[status] ?? 0) + 1;
    for (const user of ["ann", "bob", "x".repeat(300)]) {
      const index = (prefix: string) => admin.zrange(`${prefix}u{${user}}`, "0", "-1", "WITHSCORES");
      expect(await index("together:")).toEqual(await index("alone:"));
    }
    for (const name of await admin.keys("together:r*")) {
      const [a, b] = [await admin.pttl(name), await admin.pttl(name.replace("together:", "alone:"))];
      expect(Math.abs(a - b)).toBeLessThan(30_000);
    }
    if (round % 10 === 9) for (const key of keys) await Promise.all(stores.map((store) => store.delete(key)));
  }
  expect(Object.keys(seen).sort()).toEqual(["conflict", "gone", "ok"]);
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
});

test("a large record holds up nobody: it goes alone, as do more than thirty-two", async () => {
  const sent: string[][] = [];
  const store = redisStore(command(carryOut, sent));
  const sessions = await created(store, ...numbered(40));
  const keys = [...sessions.keys()];
  await Promise.all(keys.slice(0, 2).map((key) => store.update(key, record(""), "?"))); // so that the scripts are known
  await store.update("none", record(""), 1);
  sent.length = 0;
  const asked = keys.map((key, at) =>
    store.update(key, record("x".repeat(at === 7 ? 20_000 : 200)), sessions.get(key) ?? 0),
  );
  expect(statuses(await Promise.all(asked))).toEqual(Array(40).fill("ok"));
  expect(sent.map(([name, , count]) => [name, count])).toEqual([
    ["EVALSHA", "1"],
    ["EVALSHA", "32"],
    ["EVALSHA", "7"],
  ]);
});

it.each(clients)("counters that everybody changes at once lose nothing with %s", async (_name, client) => {
  const stores = [redisStore(client), redisStore(node), redisStore(admin)];
  await created(redisStore(client), ...numbered(5));
  const count = async (store: RedisStore, key: string): Promise<void> => {
    for (;;) {
      const found = await store.get(key);
      const next = record(String(Number(found?.payload === "first" ? 0 : found?.payload) + 1));
      if ((await store.update(key, next, found?.version ?? 0)).status === "ok") return;
    }
  };
  for (let turn = 0; turn < 10; turn++) {
    await Promise.all(stores.flatMap((store) => numbered(5).flatMap((key) => [count(store, key), count(store, key)])));
  }
  const found = await Promise.all(numbered(5).map((key) => stores[0]?.get(key)));
  expect(found.map((each) => each?.payload)).toEqual(Array(5).fill("60"));
});

it.each(clients)("what was asked for before close() is still done with %s", async (_name, client) => {
  const closing = redisStore(client);
  const sessions = await created(closing, "a", "b");
  const of = (key: string): Version => sessions.get(key) ?? 0;
  const answers = Promise.all([
    closing.get("a"),
    closing.get("b"),
    closing.update("a", record("second"), of("a")),
    closing.update("b", record("second"), of("b")),
  ]);
  let done = false;
  void answers.then(() => {
    done = true;
  });
  await closing.close();
  expect(done).toBe(true);
  expect(statuses((await answers).slice(2) as UpdateResult[])).toEqual(["ok", "ok"]);
  await expect(closing.get("a")).rejects.toThrow("has been closed");
});

test("close() sends what waits, before whoever ends the client next", async () => {
  const own = new Redis(server.port, "127.0.0.1");
  const closing = redisStore(own);
  const sessions = await created(closing, "a", "b");
  const change = (key: string) => closing.update(key, record("second"), sessions.get(key) ?? 0);
  await Promise.all(["a", "b"].map(change)); // so that the script is known
  const answers = Promise.all([closing.get("a"), closing.get("b"), change("a"), change("b")]);
  void closing.close();
  await own.quit();
  expect((await answers).map((each) => each && "status" in each && each.status)).toEqual([
    false,
    false,
    "conflict",
    "conflict",
  ]);
});
