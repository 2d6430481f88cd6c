/**
 * The options of a MySQL store: what a caller may give, and the check that makes settings of it.
 */
import type { Clock } from "../../clock.ts";
import { checkKnown, invalidOption } from "../../errors.ts";
import { millisecondsWithin } from "../parts/bounds.ts";
import { isDecodable } from "../parts/percent.ts";
import type { SqlSettings } from "../sql/options.ts";
import { sqlSettings } from "../sql/options.ts";
import type { MysqlClient } from "./client.ts";

/** How a MySQL store is set up; everything has a default. */
export interface MysqlStoreOptions {
  /**
   * The name of the table, and the beginning of the names of the three beside it: small letters, digits and
   * underscores, at most 40. Default `"sojourn_sessions"`.
   */
  readonly table?: string | undefined;
  /** What an instant is compared with, the database's own clock never. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * `"auto"` (default) makes and upgrades the tables on first use, safely when many processes start at once. `false`
   * for an account that may not: `npx sojourn schema mysql` prints what an operator runs.
   */
  readonly create?: "auto" | false | undefined;
  /**
   * Milliseconds that one call may take, from asking for a connection to the answer; then it rejects and its connection
   * is closed, for the answer could still come. A time limit on the server does not help when the
   * server is frozen or the network is cut. 100 to 600,000, default 3,000.
   */
  readonly timeout?: number | undefined;
  /**
   * Milliseconds from one sweep of expired records to the next, on average; `false` for never, when something
   * else calls `deleteExpired`. 1,000 to 86,400,000, default 60,000.
   */
  readonly sweepEvery?: number | false | undefined;
  /**
   * Whether the end of a session is written into a table for the other processes that watch: one more insert for the
   * logouts of one moment. With `false`, `watch` tells only what its own store ended. Default true.
   */
  readonly notify?: boolean | undefined;
  /**
   * Milliseconds from one look for sessions that other processes ended to the next, while somebody
   * watches; about the longest that `watch` is late. 50 to 60,000, default 500.
   */
  readonly watchEvery?: number | undefined;
}

/** The options with every default filled in and every bound checked. */
export interface MysqlSettings extends SqlSettings {
  readonly source: string | MysqlClient;
  readonly timeout: number;
  readonly notify: boolean;
  readonly watchEvery: number;
}

/** The message never holds a URL: there is a password in it. */
function checkSource(source: unknown): string | MysqlClient {
  const expected = 'a URL that begins with "mysql:" or "mariadb:", or a pool or connection of mysql2';
  if (typeof source === "string") {
    if (/^(mysql|mariadb):\/\//i.test(source) && URL.canParse(source) && isDecodable(source)) return source;
    throw invalidOption("source", undefined, expected);
  }
  const client = source as { getConnection?: unknown; execute?: unknown; promise?: unknown } | null | undefined;
  const fits = [client?.getConnection, client?.execute, client?.promise].some((verb) => typeof verb === "function");
  if (!fits) throw invalidOption("source", source, expected);
  return source as MysqlClient;
}

const KNOWN = {
  table: true,
  clock: true,
  create: true,
  timeout: true,
  sweepEvery: true,
  notify: true,
  watchEvery: true,
} as const;

export function checkOptions(source: string | MysqlClient, options: MysqlStoreOptions): MysqlSettings {
  checkKnown(options, KNOWN);
  const { notify = true } = options;
  if (typeof notify !== "boolean") throw invalidOption("notify", notify, "true or false");
  return {
    ...sqlSettings(options),
    source: checkSource(source),
    timeout: millisecondsWithin("timeout", options.timeout ?? 3000, 100, 600_000),
    notify,
    watchEvery: millisecondsWithin("watchEvery", options.watchEvery ?? 500, 50, 60_000),
  };
}
