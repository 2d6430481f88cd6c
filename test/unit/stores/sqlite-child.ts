/**
 * One process among others on a SQLite file, for the tests beside it: `count` counts a shared session up,
 * `write` writes without end and says what was acknowledged, until it is killed.
 */
import { randomBytes } from "node:crypto";
import type { SessionRecord } from "../../../src/record.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { say } from "../../support/say.ts";

const [task = "", path = "", times = "0"] = process.argv.slice(2);
const store = sqliteStore(path, { sweepEvery: false, busyTimeout: 60_000 });
const record = (payload: string, userId?: string): SessionRecord => {
  const now = Date.now();
  return { payload, userId, createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
};

async function addOne(): Promise<void> {
  for (let current = await store.get("shared"); current; ) {
    const next = record(String(Number(current.payload) + 1));
    const result = await store.update("shared", next, current.version);
    if (result.status === "ok") return;
    current = result.status === "conflict" ? result.current : null;
  }
  throw new Error("the shared session is gone");
}

/** As many requests at once as loops, each with a compare-and-set and a login of a user with a limit. */
async function count(): Promise<void> {
  await store.create("shared", record("0"));
  const loop = async (): Promise<void> => {
    for (let turn = 0; turn < Number(times) / 5; turn++) {
      await addOne();
      const epoch = await store.epoch("ann");
      const login = { ...record("login"), userId: "ann" };
      await store.admit(randomBytes(32).toString("base64url"), login, { epoch, limit: 3 });
    }
  };
  await Promise.all([loop(), loop(), loop(), loop(), loop()]);
  await store.close();
}

/** Every line is said after the promise has resolved, and at once. */
async function write(): Promise<void> {
  const loop = async (): Promise<void> => {
    for (let turn = 0; ; turn++) {
      const key = randomBytes(32).toString("base64url");
      let version = await store.create(key, record("0"));
      say(`at ${key} 0`);
      for (let step = 1; step <= 3 && version !== null; step++) {
        const result = await store.update(key, record(String(step)), version);
        version = result.status === "ok" ? result.version : null;
        say(`at ${key} ${step}`);
      }
      if (turn % 2) continue;
      say(`ending ${key} 0`);
      await store.delete(key);
      say(`ended ${key} 0`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, loop));
}

await (task === "count" ? count() : write());
