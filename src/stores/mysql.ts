/**
 * The store for MySQL and MariaDB, over a pool or a connection of `mysql2`, or by a URL.
 *
 * @module
 */
import type { SessionKey } from "../record.ts";
import { inSteps } from "./mysql/bulk-delete.ts";
import type { MysqlClient } from "./mysql/client.ts";
import { Connections } from "./mysql/connections.ts";
import { Feed } from "./mysql/feed.ts";
import { list, scan } from "./mysql/listing.ts";
import type { MysqlStoreOptions } from "./mysql/options.ts";
import { checkOptions } from "./mysql/options.ts";
import { create, get, remove, touch, update } from "./mysql/records.ts";
import { namesOf, prepareSchema } from "./mysql/schema.ts";
import { statementsFor } from "./mysql/statements.ts";
import { sweep } from "./mysql/sweep.ts";
import { admit, clear, deleteAll, epoch, replace } from "./mysql/users.ts";
import { checkLimit } from "./parts/paging.ts";
import { probe } from "./parts/probe.ts";
import type {
  ClosableStore,
  EndStore,
  HealthStore,
  ReplaceStore,
  ScanStore,
  Store,
  SweepStore,
  WatchStore,
} from "./store.ts";

export type {
  MysqlClient,
  MysqlConnection,
  MysqlPool,
  MysqlPoolConnection,
  MysqlStatement,
  MysqlValue,
} from "./mysql/client.ts";
export type { MysqlStoreOptions } from "./mysql/options.ts";

/** What `mysqlStore` makes: every capability that a store can have. */
export interface MysqlStore
  extends ReplaceStore,
    EndStore,
    ScanStore,
    SweepStore,
    WatchStore,
    ClosableStore,
    HealthStore {}

/**
 * A store in MySQL 8 or MariaDB 10.6 and later: durable, shared by all processes and machines of an application.
 *
 * With a URL, a pool of `mysql2` is made on first use; parameters of the URL are options of mysql2
 * (`?connectionLimit=20`). With a pool of the application the store uses that, and `close` leaves it open. A single
 * connection works as well, one call after the other; it must be the store's own, and does not come back by itself.
 *
 * The tables are made when they are missing. User ids and payloads are columns of bytes, so no collation takes two
 * users for one; whatever time zone and character set a connection has does not matter.
 *
 * @param source `mysql://user:password@host/database` (or `mariadb:`), or a pool or connection of `mysql2`.
 * @throws SessionError `SOJOURN_INVALID_OPTION`: at once for a wrong option; by the first call when mysql2 is not
 * installed; by a login whose user id has more than 768 bytes. `SOJOURN_RECORD_TOO_LARGE` for
 * more than the server takes in one statement. Calls reject with `SOJOURN_STORE_UNAVAILABLE` when the server did not
 * answer in time, when the tables are of another release or the store has been closed, and with the driver's own error
 * for all else.
 *
 * @example
 * ```ts no-run
 * import { mysqlStore } from "sojourn/stores/mysql";
 *
 * const store = mysqlStore("mysql://app:secret@db.example/app");
 * ```
 */
export function mysqlStore(source: string | MysqlClient, options: MysqlStoreOptions = {}): MysqlStore {
  const settings = checkOptions(source, options);
  const { clock } = settings;
  const names = namesOf(settings.table);
  const sql = statementsFor(names);
  const connections: Connections = new Connections(settings, {
    prepare: (session) => prepareSchema(session, names, settings.create),
    sweep: (limit) => sweep(connections, sql, limit, clock),
  });
  const use: Connections["use"] = (work) => connections.use(work);
  const feed = new Feed({ use, sql, notify: settings.notify, every: settings.watchEvery });
  const five: Store = {
    name: "mysql",
    consistency: "cas",
    get: async (key) => use(get(sql, key, clock)),
    create: async (key, record) => use(create(sql, key, record, clock)),
    update: async (key, record, expected) => use(update(sql, key, record, expected, clock)),
    touch: async (key, seenAt, expiresAt) => use(touch(sql, key, seenAt, expiresAt, clock)),
    delete: async (key) => use(remove(sql, key, clock)),
  };
  const told = async <Keys extends readonly SessionKey[] | null>(ending: Promise<Keys>): Promise<Keys> => {
    const keys = await ending;
    feed.ended(keys ?? []);
    return keys;
  };
  return {
    ...five,
    delete: async (key) => {
      const live = await five.delete(key);
      if (live) feed.ended([key]);
      return live;
    },
    end: async (key, record, expected) => {
      const result = await five.update(key, record, expected);
      if (result.status === "ok") feed.ended([key]);
      return result;
    },
    epoch: async (userId) => use(epoch(sql, userId, clock)),
    admit: async (key, record, admission) => {
      const result = await use(admit(sql, key, record, admission, clock));
      if (result.status === "ok") feed.ended(result.evicted);
      return result;
    },
    replace: async (key, record, old, admission) => {
      const result = await use(replace(sql, key, record, old, admission, clock));
      if (result.status === "ok") feed.ended([old.key, ...result.evicted]);
      return result;
    },
    list: async (userId, page = {}) => use(list(sql, userId, page, clock)),
    deleteAll: async (userId, which = {}) =>
      told(inSteps(checkLimit(which.limit), (step) => use(deleteAll(sql, userId, which, step, clock)))),
    scan: async (page = {}) => use(scan(sql, page, clock)),
    clear: async ({ limit, at } = {}) =>
      told(inSteps<never>(checkLimit(limit), (step) => use(clear(sql, at, step, clock)))),
    deleteExpired: async ({ limit } = {}) => sweep(connections, sql, checkLimit(limit), clock),
    watch: (onEnded) => {
      connections.checkOpen();
      return feed.watch(onEnded);
    },
    close: async () => {
      await feed.stop();
      await connections.close();
    },
    // Nobody watches for the end of the record that this makes.
    health: () => probe(five, clock),
  };
}
