/**
 * The store for SQLite, by a path or over a database of any of four drivers.
 *
 * @module
 */
import { checkLimit } from "./parts/paging.ts";
import { toText } from "./parts/text.ts";
import { stopwatchNow } from "./parts/timers.ts";
import { list, scan } from "./sql/sqlite-listing.ts";
import type { Row } from "./sql/sqlite-row.ts";
import { toRecord } from "./sql/sqlite-row.ts";
import { admit, clear, deleteAll, epochOf, replace } from "./sql/sqlite-users.ts";
import { create, end, probe, remove, touch, update } from "./sql/sqlite-writes.ts";
import { Connection } from "./sqlite/connection.ts";
import type { SqliteDatabase } from "./sqlite/drivers.ts";
import type { SqliteStoreOptions } from "./sqlite/options.ts";
import { checkOptions } from "./sqlite/options.ts";
import type { ClosableStore, EndStore, HealthStore, ReplaceStore, ScanStore, SweepStore, WatchStore } from "./store.ts";

export type { SqliteStatement, SqliteValue } from "./sql/sqlite-statements.ts";
export type { SqliteDatabase } from "./sqlite/drivers.ts";
export type { SqliteStoreOptions } from "./sqlite/options.ts";

/** What `sqliteStore` makes: every capability that a store can have. */
export interface SqliteStore
  extends ReplaceStore,
    EndStore,
    ScanStore,
    SweepStore,
    WatchStore,
    ClosableStore,
    HealthStore {}

/**
 * A store in a SQLite file: durable, shared by the processes of one machine, nothing to run beside the
 * application.
 *
 * With a path, the driver is found on first use: node:sqlite (Node 22.13 or newer), bun:sqlite, better-sqlite3
 * (12 on Node 20), libsql. The file is put into WAL mode, must be on a local disk, and is made when it is
 * missing, with its directory, readable by its owner only. With a database object of one of these drivers the tables
 * are made in that database, its settings stay as they are (a short `busy_timeout` is advised: better-sqlite3 stops the
 * event loop for up to five seconds by default), and `close` leaves it open.
 *
 * Writes of the same moment share one transaction, and each is acknowledged when that is on disk. Sessions are plain
 * rows: `SELECT key, user_id, datetime(seen_at / 1000, 'unixepoch') FROM sojourn_sessions`.
 *
 * @param source A path, `":memory:"`, or a database of node:sqlite, better-sqlite3, libsql or bun:sqlite.
 * @throws SessionError `SOJOURN_INVALID_OPTION`: at once for a wrong option; by the first call when no driver is
 *   installed. Calls reject with `SOJOURN_STORE_UNAVAILABLE` when the file stays locked or the store has been closed,
 *   and with the driver's own error for all else.
 *
 * @example
 * ```ts
 * import { sqliteStore } from "sojourn/stores/sqlite";
 *
 * const store = sqliteStore("./sessions.db");
 * ```
 */
export function sqliteStore(source: string | SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  const settings = checkOptions(source, options);
  const { clock } = settings;
  const connection = new Connection(settings);
  return {
    name: "sqlite",
    consistency: "cas",
    get: (key) =>
      connection.read((sql) => {
        const row = sql.select.get(toText(key), clock()) as Omit<Row, "key"> | null | undefined;
        return row ? toRecord(row) : null;
      }),
    create: (key, record) => connection.write(create(key, record, clock)),
    update: (key, record, expected) => connection.write(update(key, record, expected, clock)),
    end: (key, record, expected) => connection.write(end(key, record, expected, clock)),
    touch: (key, seenAt, expiresAt) => connection.write(touch(key, seenAt, expiresAt, clock)),
    delete: (key) => connection.write(remove(key, clock)),
    epoch: (userId) => connection.read((sql) => epochOf(sql, userId)),
    admit: (key, record, admission) => connection.write(admit(key, record, admission, clock)),
    list: (userId, page = {}) => connection.read((sql) => list(sql, userId, page, clock())),
    replace: (key, record, old, admission) => connection.write(replace(key, record, old, admission, clock)),
    deleteAll: async (userId, options = {}) => connection.write(deleteAll(userId, options, clock)),
    scan: (page = {}) => connection.read((sql) => scan(sql, page, clock())),
    clear: async (options = {}) => connection.write(clear(options, clock)),
    deleteExpired: async ({ limit } = {}) => connection.sweep(checkLimit(limit)),
    watch: (onEnded) => connection.watch(onEnded),
    close: () => connection.close(),
    health: async () => {
      const start = stopwatchNow();
      await connection.check(probe("SQLite", clock));
      return { latencyMs: stopwatchNow() - start };
    },
  };
}
