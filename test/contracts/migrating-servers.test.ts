import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import type { ScanStore, UserStore, WatchStore } from "../../src/stores/store.ts";
import type { StoreContext } from "../../src/testing/contract/trial.ts";
import { contract } from "../support/contract.ts";
import { halvedStore } from "../support/halved.ts";
import { startPostgresAndRedis } from "../support/postgres-and-redis.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-migrating-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { postgres, redis } = await startPostgresAndRedis();

const sources: Record<string, (context: StoreContext) => UserStore & ScanStore & WatchStore> = {
  SQLite: ({ clock, name }) =>
    sqliteStore(join(folder, `${name}.db`), { clock, durability: "normal", watchEvery: 10, sweepEvery: false }),
  Redis: redis,
};

// What processes do to each other is in test/scenarios/migrating-interleavings.test.ts, and values are what the stores' own suites try.
for (const [source, open] of Object.entries(sources)) {
  await contract({
    title: `${source} to PostgreSQL, half of it made in the old`,
    leaveOut: /^values/,
    durable: true,
    histories: 1,
    open: async (context) => halvedStore(open(context), await postgres(context), context.clock),
  });
}
