/** A process of its own that works on a folder, and says on its output what was answered. Started by the tests beside it. */
import { join } from "node:path";
import { Locks } from "../../../src/stores/file/lock.ts";
import { fileStore } from "../../../src/stores/file.ts";
import { say as sayLine } from "../../support/say.ts";

const [task, directory = "", ...rest] = process.argv.slice(2);
const store = fileStore({ directory, durability: "rename" });

/** Straight into the pipe, so that a kill cannot take it back. */
function say(...words: (string | number)[]): void {
  sayLine(words.join(" "));
}

function record<User extends string | undefined = undefined>(payload: string, userId?: User) {
  const now = Date.now();
  return { payload, userId: userId as User, createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
}

/** Writes until it is killed: several loops at once, each over keys of its own. */
async function write(loop: number, round: string): Promise<never> {
  for (let turn = 0; ; turn++) {
    const key = `${round}-${loop}-${turn}`;
    const userId = `user${turn % 3}`;
    const epoch = await store.epoch(userId);
    const admitted = await store.admit(key, record("0", userId), { epoch });
    if (admitted.status !== "ok") throw new Error(admitted.status);
    say("wrote", key, 0);
    let { version } = admitted;
    for (let count = 1; count <= 4; count++) {
      const result = await store.update(key, record(String(count), userId), version);
      if (result.status !== "ok") throw new Error(result.status);
      say("wrote", key, count);
      version = result.version;
      await store.touch(key, Date.now() + count, Date.now() + 3_600_000);
    }
    if (turn % 2 === 0) {
      await store.delete(key);
      say("deleted", key);
    }
  }
}

/** Adds one so many times. */
async function count(key: string, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const read = await store.get(key);
    if (!read) throw new Error("the record is gone");
    const next = record(String(Number(read.payload) + 1));
    if ((await store.update(key, next, read.version)).status === "ok") done += 1;
  }
  say("done");
}

/** Logs in so often at once, and says how each ended. */
async function login(name: string, times: number): Promise<void> {
  const attempts = Array.from({ length: times }, async (_, index) => {
    const epoch = await store.epoch("ann");
    const admission = { epoch, limit: 3, onLimit: "reject" } as const;
    return store.admit(`${name}-${index}`, { ...record("", "ann"), userId: "ann" }, admission);
  });
  for (const { status } of await Promise.all(attempts)) say(status);
}

/** Holds a record's lock until it is killed, or told to stop. */
async function hold(name: string): Promise<void> {
  await new Locks(join(directory, "locks")).hold(name, async () => {
    say("held");
    await new Promise((resolve) => process.stdin.once("data", resolve));
  });
  say("released");
  process.exit(0);
}

const [first = "", second = ""] = rest;
// All begin together, when they are told to.
if (task === "count" || task === "login") {
  await store.get("warm");
  say("ready");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  process.stdin.unref();
}
if (task === "write") await Promise.all([0, 1, 2, 3].map((loop) => write(loop, first)));
else if (task === "count") await count(first, Number(second));
else if (task === "login") await login(first, Number(second));
else await hold(first);
