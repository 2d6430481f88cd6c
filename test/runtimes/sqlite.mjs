/**
 * The SQLite store over one driver, as plain JavaScript over the packed package.
 * The argument names the driver: node:sqlite, bun:sqlite, better-sqlite3 or libsql.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "sojourn/stores/sqlite";

const driver = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), "sojourn-sqlite-"));
const module = await import(driver);
const Database = module.DatabaseSync ?? module.Database ?? module.default;
const HOUR = 3_600_000;

let now = 1_767_225_600_000;
const clock = () => now;
const record = (payload, changes) => ({ payload, createdAt: now, seenAt: now, expiresAt: now + HOUR, ...changes });

function equal(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

const cases = {
  async "create, get, update, conflict, gone, touch and delete"(store) {
    const first = await store.create("a", record("1", { userId: "ann" }));
    equal(await store.create("a", record("2")), null, "create() of a live key");
    const read = await store.get("a");
    equal([read.payload, read.userId, read.createdAt, read.version], ["1", "ann", now, first], "get()");
    equal((await store.update("a", record("2"), first)).status, "ok", "update()");
    const late = await store.update("a", record("3"), first);
    equal([late.status, late.current?.payload], ["conflict", "2"], "update() with an old version");
    equal(await store.touch("a", now + 1, now + 2 * HOUR), true, "touch()");
    equal((await store.get("a")).expiresAt, now + 2 * HOUR, "expiresAt");
    equal([await store.delete("a"), await store.delete("a")], [true, false], "delete()");
    equal((await store.update("a", record("4"), late.current.version)).status, "gone", "update() after delete()");
    equal(await store.get("a"), null, "get()");
  },
  async "admission, limit, listing and revocation of a user"(store) {
    for (const key of ["c", "a", "b", "d"]) {
      const epoch = await store.epoch("ann");
      const login = record(key, { userId: "ann", createdAt: now++ });
      equal((await store.admit(key, login, { epoch, limit: 3 })).status, "ok", "admit()");
    }
    const { items, cursor } = await store.list("ann", { limit: 2 });
    equal([items.map((item) => item.key), typeof cursor], [["a", "b"], "string"], "first page");
    equal(
      (await store.list("ann", { limit: 2, cursor })).items.map((item) => item.key),
      ["d"],
      "second page",
    );
    const epoch = await store.epoch("ann");
    equal(await store.deleteAll("ann", { except: "d" }), ["a", "b"], "deleteAll()");
    const revoked = await store.admit("e", record("e", { userId: "ann" }), { epoch });
    equal(revoked.status, "revoked", "admit() with an old epoch");
    equal(await store.clear(), ["d"], "clear()");
    equal((await store.scan()).items, [], "scan()");
  },
  async "expiry and sweep"(store) {
    for (let count = 0; count < 5; count++) await store.create(`key${count}`, record("x"));
    now += HOUR;
    equal(await store.get("key0"), null, "get() of an expired record");
    equal([await store.deleteExpired({ limit: 3 }), await store.deleteExpired()], [3, 2], "deleteExpired()");
  },
  async "text of every kind"(store) {
    for (const text of ["", "\0", "a\0b", "a\0c", "\ud800", "ü\u{1f36a}", "x".repeat(100_000)]) {
      await store.create(text, record(text, { userId: text }));
      const found = await store.get(text);
      equal([found?.payload, found?.userId], [text, text], "record");
      equal(await store.deleteAll(text), [text], "deleteAll()");
    }
  },
  async "a hundred writes of one moment"(store) {
    const versions = await Promise.all(Array.from({ length: 100 }, (_, each) => store.create(`${each}`, record("x"))));
    equal(versions.filter((version) => version !== null).length, 100, "created");
    const start = await store.get("7");
    const add = async () => {
      for (let current = start; ; ) {
        const result = await store.update("7", record(`${current.payload}y`), current.version);
        if (result.status === "ok") return;
        current = result.current;
      }
    };
    await Promise.all(Array.from({ length: 20 }, add));
    equal((await store.get("7")).payload.length, 21, "length");
  },
  async "a lock of another connection is waited for, and its ends are told"(store, path) {
    const other = new Database(path);
    const second = sqliteStore(other, { clock, sweepEvery: false });
    const heard = [];
    await store.create("a", record("x"));
    store.watch((key) => heard.push(key));
    other.exec("BEGIN IMMEDIATE");
    const write = store.create("b", record("x"));
    setTimeout(() => other.exec("COMMIT"), 30);
    equal(typeof (await write), "number", "version");
    await second.delete("a");
    for (let turn = 0; turn < 100 && heard.length === 0; turn++) await new Promise((done) => setTimeout(done, 20));
    equal(heard, ["a"], "keys told");
    await second.close();
    other.close();
  },
};

let [passed, failed] = [0, 0];

async function attempt(name, run) {
  try {
    await run();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`✗ ${name}: ${error.stack ?? error}`);
  }
}

// With a path the store takes the first driver that is here: for another one, Node's own is not.
const builtin = process.getBuiltinModule;
if (driver !== "node:sqlite") process.getBuiltinModule = (id) => (id === "node:sqlite" ? undefined : builtin(id));

/** Every case over a database object, and over a path, for which the store finds a driver by itself. */
for (const [name, run] of Object.entries(cases)) {
  await attempt(`${name} (${driver})`, async () => {
    const path = join(folder, `${passed}-${failed}.db`);
    const database = new Database(path);
    database.exec("PRAGMA busy_timeout = 0");
    const store = sqliteStore(database, { clock, sweepEvery: false });
    await run(store, path);
    await store.close();
    await store.get("a").then(
      () => equal("an answer", "a rejection", "get() of a closed store"),
      () => {},
    );
    database.close();
  });
  await attempt(`${name} (a path)`, async () => {
    const path = join(folder, `${passed}-${failed}.db`);
    const store = sqliteStore(path, { clock, sweepEvery: false });
    await run(store, path);
    await store.close();
  });
}
rmSync(folder, { recursive: true, force: true });
console.log(`RESULT ${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
