/** A login whose request came before a revocation is refused, whatever a pool made of the order of the statements. */
import mysql from "mysql2/promise";
import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import { mysqlStore } from "../../../src/stores/mysql.ts";
import { postgresStore } from "../../../src/stores/postgres.ts";
import type { ClosableStore, ReplaceStore, WatchStore } from "../../../src/stores/store.ts";
import { startMariadb } from "../../servers/mariadb.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { recordsAt } from "../../support/records.ts";

const [maria, postgres] = await Promise.all([startMariadb(), startPostgres()]);
const record = recordsAt(Date.now);
const now = (): number => performance.timeOrigin + performance.now();
const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await Promise.all([maria.close(), postgres.close()]);
});

type Tried = ReplaceStore & WatchStore & ClosableStore;

/** Stores over pools of few connections, cold at first, so that statements queue and overtake each other. */
const stores: Readonly<Record<string, () => Tried>> = {
  PostgreSQL: () => {
    const pool = new pg.Pool({ connectionString: postgres.url, max: 3 });
    ends.push(() => pool.end());
    return postgresStore(pool, { sweepEvery: false, timeout: 60_000 });
  },
  MariaDB: () => {
    const pool = mysql.createPool({ uri: maria.url, connectionLimit: 3 });
    ends.push(() => pool.end());
    return mysqlStore(pool, { sweepEvery: false, timeout: 60_000, watchEvery: 50 });
  },
};

describe.each(Object.entries(stores))("%s", (name, open) => {
  test("leaves none of 200 logins alive that were called before a revocation that has resolved", async () => {
    let alive = 0;
    for (let round = 0; round < 200; round++) {
      const [one, two] = round % 40 === 0 || !current ? renew() : current;
      const user = `${name}${round}`;
      const login = async (): Promise<void> => {
        const since = now();
        // Others are in the queue before it.
        const queued = Promise.all(Array.from({ length: round % 7 }, () => one.get("none")));
        const epoch = await one.epoch(user);
        await one.admit(`${user}x`, { ...record(), userId: user }, { epoch, since });
        await queued;
      };
      const logged = login();
      await two.deleteAll(user, { at: now() });
      await logged;
      alive += (await two.list(user)).items.length;
    }
    expect(alive).toBe(0);
  }, 300_000);

  let current: readonly [Tried, Tried] | undefined;
  function renew(): readonly [Tried, Tried] {
    const fresh = [open(), open()] as const;
    current = fresh;
    return fresh;
  }

  test("tells another process what was ended, evicted and replaced, and nothing twice", async () => {
    const [one, two] = renew();
    const heard: string[] = [];
    await two.create("before", record());
    const stop = two.watch((key) => heard.push(key));
    // What is told before it listens is not heard.
    await expect
      .poll(
        async () => {
          await one.create("first", record());
          await one.delete("first");
          return heard.length;
        },
        { timeout: 60_000, interval: 100 },
      )
      .toBeGreaterThan(0);
    const user = { userId: "eve" };
    for (const key of ["e1", "e2"]) {
      await one.admit(key, { ...record(), ...user }, { epoch: await one.epoch("eve"), limit: 1 });
    }
    const { version = "" } = (await one.get("e2")) ?? {};
    expect((await one.replace("e3", { ...record(), ...user }, { key: "e2", version, record: record() })).status).toBe(
      "ok",
    );
    expect(await one.deleteAll("eve")).toEqual(["e3"]);
    const mine = (): string[] => heard.filter((key) => key.startsWith("e"));
    await expect.poll(mine, { timeout: 60_000 }).toHaveLength(3);
    expect(mine().sort()).toEqual(["e1", "e2", "e3"]);
    await one.create("last", record());
    await one.delete("last");
    await expect.poll(() => heard.includes("last"), { timeout: 60_000 }).toBe(true);
    expect(mine()).toHaveLength(3);
    stop();
    await Promise.all([one.close(), two.close()]);
  }, 120_000);
});
