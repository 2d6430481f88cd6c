/**
 * One store over one driver, as plain JavaScript over the packed package: what an application does with it, and that
 * nothing keeps the process from ending. Arguments: ways of opening, each with the server's URL as `way=url`.
 */
import { ways } from "./ways.mjs";

const [, , ...asked] = process.argv;

const HOUR = 3_600_000;
const record = (payload, changes) => {
  const now = Date.now();
  return { payload, createdAt: now, seenAt: now, expiresAt: now + HOUR, ...changes };
};

function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

const cases = {
  async "a record is created, read, changed by one of two, touched and deleted"(store) {
    const version = await store.create("a", record("1"));
    equal(await store.create("a", record("2")), null, "create() of a live key");
    equal((await store.get("a")).payload, "1", "get()");
    const [one, two] = await Promise.all([
      store.update("a", record("2"), version),
      store.update("a", record("3"), version),
    ]);
    equal([one.status, two.status].sort(), ["conflict", "ok"], "two updates");
    equal(await store.touch("a", Date.now() + 1, Date.now() + 2 * HOUR), true, "touch()");
    equal([await store.delete("a"), await store.delete("a"), await store.get("a")], [true, false, null], "delete()");
  },
  async "text of every kind comes back, and what is no key is not found"(store) {
    for (const text of ["{}", "ü\u{1f36a}", "x".repeat(70_000)]) {
      await store.create("b", record(text));
      equal((await store.get("b"))?.payload, text, "payload");
      await store.delete("b");
    }
    for (const key of ["", "../x", "\ud800", "k".repeat(300)]) equal(await store.get(key), null, "no key");
  },
  async "a user's sessions are counted, listed and revoked"(store) {
    if (!store.admit) return;
    for (const key of ["c", "d", "e"]) {
      const epoch = await store.epoch("ann");
      const login = record(key, { userId: "ann" });
      equal((await store.admit(key, login, { epoch, limit: 2 })).status, "ok", "admit()");
    }
    equal((await store.list("ann")).items.length, 2, "list()");
    equal((await store.list("ann", { cursor: "made up" })).items, [], "list() with a made-up cursor");
    equal((await store.deleteAll("ann")).length, 2, "deleteAll()");
    equal((await store.list("ann")).items, [], "list()");
  },
  async "its health is told"(store) {
    equal(typeof (await store.health()).latencyMs, "number", "health()");
  },
};

/** "works", or the code that it was refused with, or what went wrong. */
async function tried(way, url) {
  let opened;
  try {
    opened = await ways[way](url);
  } catch (error) {
    return error.code ?? String(error.stack ?? error);
  }
  const { store, end } = opened;
  let outcome = "works";
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run(store);
    } catch (error) {
      outcome = `${name}: ${error.stack ?? error}`;
    }
  }
  await store.close();
  await end?.();
  return outcome;
}

for (const each of asked) {
  const [way, url] = [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)];
  console.log(`OUTCOME ${JSON.stringify([way, await tried(way, url)])}`);
}
