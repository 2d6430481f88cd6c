/**
 * The options of a PostgreSQL store: what a caller may give, and the check that makes settings of it.
 */
import type { Clock } from "../../clock.ts";
import { checkKnown, invalidOption } from "../../errors.ts";
import { millisecondsWithin } from "../parts/bounds.ts";
import type { SqlSettings } from "../sql/options.ts";
import { sqlSettings } from "../sql/options.ts";
import type { ListenClient, PostgresClient } from "./client.ts";

/** How a PostgreSQL store is set up; everything has a default. */
export interface PostgresStoreOptions {
  /**
   * The name of the table, and the beginning of the names of what is made beside it: small letters, digits and
   * underscores, at most 40. Default `"sojourn_sessions"`.
   */
  readonly table?: string | undefined;
  /**
   * The schema that it is in: letters, digits and underscores, at most 63. Default: where the connection's
   * `search_path` finds the table, else the first schema of that path.
   */
  readonly schema?: string | undefined;
  /** What an instant is compared with, the database's own clock never. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * `"auto"` (default) makes and upgrades the tables on first use, safely when many processes start at once. `false`
   * for a role that may not: `npx sojourn schema postgres` prints what an operator runs.
   */
  readonly create?: "auto" | false | undefined;
  /**
   * Makes the sessions table UNLOGGED: writes cost less, and a crash of the server or a failover ends every session;
   * revocations survive. Only where the store makes the table. Default false.
   */
  readonly unlogged?: boolean | undefined;
  /**
   * Whether statements are prepared once per connection, where the client can (`pg`, `postgres`). Turned off by itself
   * when a transaction pooler turns out to be in between. Default true.
   */
  readonly prepare?: boolean | undefined;
  /**
   * Milliseconds that one call may take, from asking for a connection to the answer; then it rejects, and a connection
   * that can be closed is closed, for a network that was cut does not say so. Making the tables may take longer. 100 to
   * 600,000, default 3,000.
   */
  readonly timeout?: number | undefined;
  /**
   * Milliseconds from one sweep of expired records to the next, on average; `false` for never, when something
   * else calls `deleteExpired`. 1,000 to 86,400,000, default 60,000.
   */
  readonly sweepEvery?: number | false | undefined;
  /**
   * Whether the end of a session is told to the other processes (NOTIFY) while one of them watches. Commits that notify
   * wait for each other in the whole server, so that it bears some hundreds of logouts a second; `false` for more, at
   * the price that `watch` tells only what its own store ended. Default true.
   */
  readonly notify?: boolean | undefined;
  /**
   * Gives the connection on which `watch` listens, connected and for nothing else: a `Client` of `pg`, or an object
   * with `listen` (`postgres`, PGlite). Needed behind a transaction pooler, where it must go around the pooler. `false`
   * for none: `watch` then tells only what this store itself ended. Default: a connection of the pool, or the client's
   * own `listen`.
   */
  readonly listen?: (() => ListenClient | Promise<ListenClient>) | false | undefined;
}

/** The options with every default filled in and every bound checked. */
export interface PostgresSettings extends SqlSettings {
  readonly source: string | PostgresClient;
  readonly schema: string | undefined;
  readonly timeout: number;
  readonly unlogged: boolean;
  readonly prepare: boolean;
  readonly notify: boolean;
  readonly listen: (() => ListenClient | Promise<ListenClient>) | false | undefined;
}

function checkBoolean(option: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw invalidOption(option, value, "true or false");
  return value;
}

export function checkSchema(schema: string): string {
  if (typeof schema === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema)) return schema;
  throw invalidOption("schema", schema, "a name of letters, digits and underscores, at most 63");
}

/** The message never holds a URL: there is a password in it. */
function checkSource(source: unknown): string | PostgresClient {
  const expected = 'a URL that begins with "postgres:" or "postgresql:", or a client of pg, postgres or PGlite';
  if (typeof source === "string") {
    if (/^postgres(ql)?:/i.test(source)) return source;
    throw invalidOption("source", undefined, expected);
  }
  const client = source as { query?: unknown; unsafe?: unknown } | null | undefined;
  const fits = typeof client?.query === "function" || typeof client?.unsafe === "function";
  if (!fits) throw invalidOption("source", source, expected);
  return source as PostgresClient;
}

const KNOWN = {
  table: true,
  schema: true,
  clock: true,
  create: true,
  unlogged: true,
  prepare: true,
  timeout: true,
  sweepEvery: true,
  notify: true,
  listen: true,
} as const;

export function checkOptions(source: string | PostgresClient, options: PostgresStoreOptions): PostgresSettings {
  checkKnown(options, KNOWN);
  const { listen } = options;
  if (listen !== undefined && listen !== false && typeof listen !== "function") {
    throw invalidOption("listen", listen, "a function that gives a client, or false");
  }
  return {
    ...sqlSettings(options),
    source: checkSource(source),
    schema: options.schema === undefined ? undefined : checkSchema(options.schema),
    timeout: millisecondsWithin("timeout", options.timeout ?? 3000, 100, 600_000),
    unlogged: checkBoolean("unlogged", options.unlogged ?? false),
    prepare: checkBoolean("prepare", options.prepare ?? true),
    notify: checkBoolean("notify", options.notify ?? true),
    listen,
  };
}
