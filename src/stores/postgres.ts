/**
 * The store for PostgreSQL, over the client that the application has or by a URL.
 *
 * @module
 */
import { checkLimit } from "./parts/paging.ts";
import { probe } from "./parts/probe.ts";
import { end, gatherReads, Updates } from "./postgres/batch.ts";
import type { PostgresClient } from "./postgres/client.ts";
import { Connection } from "./postgres/connection.ts";
import type { PostgresStoreOptions } from "./postgres/options.ts";
import { checkOptions } from "./postgres/options.ts";
import * as verbs from "./postgres/verbs.ts";
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
  ListenClient,
  NotifyingClient,
  PostgresClient,
  QueryClient,
  SubscribingClient,
  UnsafeClient,
} from "./postgres/client.ts";
export type { PostgresStoreOptions } from "./postgres/options.ts";

/** What `postgresStore` makes: every capability that a store can have. */
export interface PostgresStore
  extends ReplaceStore,
    EndStore,
    ScanStore,
    SweepStore,
    WatchStore,
    ClosableStore,
    HealthStore {}

/**
 * A store in a PostgreSQL database (12 or newer), shared by all processes that reach it.
 *
 * Takes the client that the application has: a `Pool` of pg, `postgres` (postgres.js), PGlite, or any object with
 * `query(text, params)`; it stays open when the store is closed. With a URL the store opens a pool of its own, of
 * whichever of pg and postgres is installed. The tables are made on first use, and every verb is one statement of one
 * round trip, which a transaction pooler may stand in between; reads, and updates, of one turn of the event loop share
 * theirs. Give it a pool and not one connection on which transactions are opened: what the store writes would become
 * part of them.
 *
 * Sessions are plain rows: `SELECT key, user_id, seen_at, expires_at FROM sojourn_sessions`.
 *
 * @param source A client, or a URL that begins with `postgres:` or `postgresql:`.
 * @throws SessionError `SOJOURN_INVALID_OPTION`: at once for a wrong option; by the first call when a URL finds no
 *   driver. Calls reject with `SOJOURN_STORE_UNAVAILABLE` when the server did not answer in time, the store has been
 *   closed or the database cannot be used as it is set up, with `SOJOURN_RECORD_TOO_LARGE` for more than the server
 *   takes, and with an error of the driver for all else, without the fields that quote rows. What the server has rolled
 *   back (serialisation, deadlock) is tried twice more; a write whose answer was lost is a failure, and is not
 *   repeated.
 *
 * @example
 * ```ts
 * import { Pool } from "pg";
 * import { postgresStore } from "sojourn/stores/postgres";
 *
 * const store = postgresStore(new Pool({ connectionString: process.env.DATABASE_URL }));
 * ```
 */
export function postgresStore(source: string | PostgresClient, options: PostgresStoreOptions = {}): PostgresStore {
  const settings = checkOptions(source, options);
  const { clock } = settings;
  const connection = new Connection(settings);
  const { feed } = connection;
  const origin = settings.notify ? feed.origin : null;
  const reads = gatherReads(connection, clock);
  const updates = new Updates(connection, clock);
  connection.sweepWith((limit) => verbs.deleteExpired(connection, limit, clock()));
  const five: Store = {
    name: "postgres",
    consistency: "cas",
    get: (key) => reads.ask(key),
    create: (key, record) => verbs.create(connection, key, record, clock()),
    update: (key, record, expected) => updates.update(key, record, expected),
    touch: (key, seenAt, expiresAt) => verbs.touch(connection, key, seenAt, expiresAt, clock()),
    delete: async (key) => {
      const live = await verbs.remove(connection, key, clock(), origin);
      if (live) feed.tell([key]);
      return live;
    },
  };
  return {
    ...five,
    end: async (key, record, expected) => {
      const result = await end(connection, key, record, expected, clock(), origin);
      if (result.status === "ok") feed.tell([key]);
      return result;
    },
    epoch: (userId) => verbs.epochOf(connection, userId),
    admit: async (key, record, admission) => {
      const result = await verbs.admit(connection, key, record, admission, clock(), origin);
      if (result.status === "ok") feed.tell(result.evicted);
      return result;
    },
    list: (userId, page = {}) => verbs.list(connection, userId, page, clock()),
    deleteAll: async (userId, which = {}) => {
      const ended = await verbs.deleteAll(connection, userId, which, clock(), origin);
      feed.tell(ended ?? []);
      return ended;
    },
    replace: async (key, record, old, admission) => {
      const result = await verbs.replace(connection, key, record, old, admission, clock(), origin);
      if (result.status === "ok") feed.tell([old.key, ...result.evicted]);
      return result;
    },
    scan: (page = {}) => verbs.scan(connection, page, clock()),
    clear: async (which = {}) => {
      const ended = await verbs.clear(connection, which, clock(), origin);
      feed.tell(ended);
      return ended;
    },
    deleteExpired: async ({ limit } = {}) => verbs.deleteExpired(connection, checkLimit(limit), clock()),
    watch: (onEnded) => {
      connection.checkOpen();
      return feed.watch(onEnded);
    },
    close: () => {
      // What was asked for before is still sent.
      reads.flush();
      updates.flush();
      return connection.close();
    },
    // Nobody watches for the end of the record that this makes.
    health: () => probe({ ...five, delete: (key) => verbs.remove(connection, key, clock(), null) }, clock),
  };
}
