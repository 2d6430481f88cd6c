/**
 * The D1 store as an application makes it: its options, checked, and what it can do.
 */
import type { Clock } from "../../../clock.ts";
import { checkKnown, invalidOption } from "../../../errors.ts";
import { checkLimit } from "../../parts/paging.ts";
import { sqlSettings } from "../../sql/options.ts";
import { mendingStatements, namesOf, SQLITE_NAMES } from "../../sql/sqlite-schema.ts";
import type { HealthStore, ReplaceStore, ScanStore, SweepStore } from "../../store.ts";
import type { D1Binding } from "./database.ts";
import { Database } from "./database.ts";
import { textsOf } from "./statements.ts";
import { Verbs } from "./verbs.ts";

/** How a D1 store is set up; everything has a default. */
export interface D1StoreOptions {
  /**
   * The name of the table, and the beginning of the names of the three tables and two indexes beside it: letters,
   * digits and underscores, at most 40. Default `"sojourn_sessions"`.
   */
  readonly table?: string | undefined;
  /** What an instant is compared with, the database's own clock never. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * `"auto"` (default) makes the tables when a statement finds none, which costs nothing when they are there. `false`
   * when a migration makes them: `npx sojourn schema d1` prints it.
   */
  readonly create?: "auto" | false | undefined;
  /**
   * `"auto"` (default): one new session in a hundred, by chance, takes up to 200 rows that expired away with it, so
   * that the table stays as small as its live sessions want it. `false` when a Cron Trigger calls `deleteExpired`.
   */
  readonly sweep?: "auto" | false | undefined;
}

/** What `d1Store` makes. */
export interface D1Store extends ReplaceStore, ScanStore, SweepStore, HealthStore {}

/**
 * A store in a D1 database: compare-and-set, users, limits and revocation, each verb one transaction and one round trip
 * to the database. The tables are those of `sqliteStore`.
 *
 * Give it the binding itself, which asks the primary. A session of `withSession` that may ask a replica reads what has
 * been logged out.
 *
 * @param database The binding: `env.DB`.
 * @throws SessionError `SOJOURN_INVALID_OPTION` at once for a wrong option. Calls reject with D1's own error.
 *
 * @example
 * ```ts no-run
 * declare const env: { DB: D1Binding };
 *
 * const store = d1Store(env.DB);
 * ```
 */
export function d1Store(database: D1Binding, options: D1StoreOptions = {}): D1Store {
  checkKnown(options, { table: true, clock: true, create: true, sweep: true });
  const { sweep = "auto" } = options;
  const { clock, table, create } = sqlSettings({ ...options, sweepEvery: false }, SQLITE_NAMES);
  const names = namesOf(table);
  if (typeof database?.prepare !== "function" || typeof database.batch !== "function")
    throw invalidOption("database", database, "the binding of a D1 database");
  if (sweep !== "auto" && sweep !== false) throw invalidOption("sweep", sweep, '"auto" or false');
  const schema = create ? () => mendingStatements(names) : undefined;
  const verbs = new Verbs(new Database(database, table, schema), textsOf(names), clock, sweep === "auto");
  return {
    name: "d1",
    consistency: "cas",
    get: (key) => verbs.get(key),
    create: (key, record) => verbs.create(key, record),
    update: (key, record, expected) => verbs.update(key, record, expected),
    touch: (key, seenAt, expiresAt) => verbs.touch(key, seenAt, expiresAt),
    delete: (key) => verbs.delete(key),
    epoch: (userId) => verbs.epoch(userId),
    admit: (key, record, admission) => verbs.admit(key, record, admission),
    list: (userId, page = {}) => verbs.list(userId, page),
    replace: (key, record, old, admission) => verbs.replace(key, record, old, admission),
    deleteAll: async (userId, options = {}) => verbs.deleteAll(userId, options),
    scan: (page = {}) => verbs.scan(page),
    clear: async (options = {}) => verbs.clear(options),
    deleteExpired: async ({ limit } = {}) => verbs.deleteExpired(checkLimit(limit)),
    health: async () => {
      const start = performance.now();
      await verbs.probe();
      return { latencyMs: performance.now() - start };
    },
  };
}
