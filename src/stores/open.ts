/**
 * Every store that a URL can name, and what its parameters say. A module is loaded when its scheme is asked for.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { checkKnown, invalidOption } from "../errors.ts";
import type { FileStore } from "./file.ts";
import type { MemcachedStore } from "./memcached.ts";
import type { MemoryStore } from "./memory.ts";
import type { MysqlStore } from "./mysql.ts";
import { StoreUrl } from "./open/url.ts";
import type { PostgresStore } from "./postgres.ts";
import type { RedisStore } from "./redis.ts";
import type { SqliteStore } from "./sqlite.ts";
import type { ClosableStore, HealthStore, ScanStore, UserStore } from "./store.ts";

/** What a URL cannot say. */
export interface OpenStoreOptions {
  /** What an instant is compared with. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /**
   * `false` takes a store as well that cannot list or revoke by user (`memcached:`), and the type of one that is only
   * known at run time says so. Default true.
   */
  readonly users?: boolean | undefined;
}

/** What every store can do that a URL names: list and revoke by user, be walked through, closed and asked how it is. */
export interface OpenedStore extends UserStore, ScanStore, ClosableStore, HealthStore {}

/** What every store can do that a URL names with `users: false`. */
export interface OpenedRecordStore extends ClosableStore, HealthStore {}

/** Which store a scheme names. */
export interface StoreByScheme {
  memory: MemoryStore;
  file: FileStore;
  sqlite: SqliteStore;
  postgres: PostgresStore;
  postgresql: PostgresStore;
  mysql: MysqlStore;
  mariadb: MysqlStore;
  redis: RedisStore;
  rediss: RedisStore;
  valkey: RedisStore;
  valkeys: RedisStore;
}

/** Which store a scheme names that needs `users: false`. */
export interface RecordStoreByScheme {
  memcached: MemcachedStore;
}

/** The store that a URL written in the source names; `OpenedStore` for a URL that is only known at run time. */
export type StoreOf<Url extends string> = Url extends `${infer Scheme extends keyof StoreByScheme}:${string}`
  ? StoreByScheme[Scheme]
  : OpenedStore;

/** As `StoreOf`, with `users: false`. */
export type RecordStoreOf<Url extends string> =
  Url extends `${infer Scheme extends keyof StoreByScheme | keyof RecordStoreByScheme}:${string}`
    ? (StoreByScheme & RecordStoreByScheme)[Scheme]
    : OpenedRecordStore;

type Opener<S> = (url: StoreUrl, clock: Clock | undefined) => Promise<S>;
type Openers = { readonly [Scheme in keyof StoreByScheme]: Opener<StoreByScheme[Scheme]> };
type RecordOpeners = { readonly [Scheme in keyof RecordStoreByScheme]: Opener<RecordStoreByScheme[Scheme]> };

async function postgres(url: StoreUrl, clock: Clock | undefined): Promise<PostgresStore> {
  const { postgresStore } = await import("./postgres.ts");
  const options = {
    clock,
    table: url.text("table"),
    schema: url.text("schema"),
    create: url.oneOf("create", ["auto", "false"]) === "false" ? (false as const) : undefined,
    unlogged: url.flag("unlogged"),
    prepare: url.flag("prepare"),
    notify: url.flag("notify"),
    timeout: url.number("timeout"),
    sweepEvery: url.text("sweepEvery") === "false" ? (false as const) : url.number("sweepEvery"),
  };
  return postgresStore(url.rest(), options);
}

async function mysql(url: StoreUrl, clock: Clock | undefined): Promise<MysqlStore> {
  const { mysqlStore } = await import("./mysql.ts");
  const options = {
    clock,
    table: url.text("table"),
    create: url.oneOf("create", ["auto", "false"]) === "false" ? (false as const) : undefined,
    timeout: url.number("timeout"),
    notify: url.flag("notify"),
    watchEvery: url.number("watchEvery"),
    sweepEvery: url.text("sweepEvery") === "false" ? (false as const) : url.number("sweepEvery"),
  };
  return mysqlStore(url.rest(), options);
}

async function redis(url: StoreUrl, clock: Clock | undefined): Promise<RedisStore> {
  const { redisStore } = await import("./redis.ts");
  const [prefix, timeout] = [url.text("prefix"), url.number("timeout")];
  return redisStore(url.rest(), { clock, prefix, timeout });
}

/** One entry per scheme. A store's module, and with it its driver, is loaded when its scheme is asked for. */
const openers: Openers = {
  memory: async (url, clock) => {
    const { memoryStore } = await import("./memory.ts");
    url.checkPath("");
    return memoryStore({ clock, maxSessions: url.number("maxSessions"), maxBytes: url.number("maxBytes") });
  },
  file: async (url, clock) => {
    const { fileStore } = await import("./file.ts");
    const durability = url.oneOf("durability", ["fsync", "rename"]);
    return fileStore({ clock, directory: url.checkPath("a folder"), durability });
  },
  sqlite: async (url, clock) => {
    const { sqliteStore } = await import("./sqlite.ts");
    return sqliteStore(url.checkPath('a file or ":memory:"'), {
      clock,
      table: url.text("table"),
      durability: url.oneOf("durability", ["full", "normal"]),
      busyTimeout: url.number("busyTimeout"),
      sweepEvery: url.text("sweepEvery") === "false" ? false : url.number("sweepEvery"),
      watchEvery: url.number("watchEvery"),
    });
  },
  postgres,
  postgresql: postgres,
  mysql,
  mariadb: mysql,
  redis,
  rediss: redis,
  valkey: redis,
  valkeys: redis,
};

const recordOpeners: RecordOpeners = {
  memcached: async (url, clock) => {
    const { memcachedStore } = await import("./memcached.ts");
    const [prefix, timeout] = [url.text("prefix"), url.number("timeout")];
    url.checkAllRead();
    return memcachedStore(url.rest(), { clock, prefix, timeout });
  },
};

/**
 * Opens a store by URL, so that it can be a line of the environment.
 *
 * | URL | store |
 * |---|---|
 * | `memory:` | `memoryStore`; `maxSessions`, `maxBytes` |
 * | `file:./sessions` | `fileStore`; `durability` |
 * | `sqlite:./sessions.db`, `sqlite::memory:` | `sqliteStore`; `table`, `durability`, `busyTimeout`, `sweepEvery`, `watchEvery` |
 * | `postgres://user@host/database` | `postgresStore`; `table`, `schema`, `create`, `unlogged`, `prepare`, `notify`, `timeout`, `sweepEvery`; all others are the driver's |
 * | `mysql://user:password@host/database`, `mariadb:` | `mysqlStore`; `table`, `create`, `timeout`, `notify`, `watchEvery`, `sweepEvery`; all others are the driver's |
 * | `redis://user:password@host:6379/0`, `valkey:`; `rediss:` and `valkeys:` for TLS | `redisStore` for one server; `prefix`, `timeout` |
 * | `memcached://host:11211,host:11211`, with `users: false` | `memcachedStore`; `prefix`, `timeout` |
 *
 * Options follow as a query, `sqlite:./sessions.db?durability=normal`, with the bounds that they have in code. A path
 * is taken as it is written, relative to the working directory, and ends at the first `?`;
 * `sqlite:/var/lib/app/sessions.db` and `sqlite:///var/lib/app/sessions.db` are the same.
 *
 * It is asynchronous because it does what it says: it loads only the store that is asked for, opens it and asks
 * it how it is, so that a wrong path or a missing driver stops the start and not the first request.
 *
 * @throws SessionError `SOJOURN_INVALID_OPTION` for an unknown scheme or parameter (the message never holds the URL,
 * which may have a password in it); and whatever the store rejects with when it cannot be opened.
 *
 * @example
 * ```ts
 * const store = await openStore(process.env.SESSION_STORE ?? "sqlite:./sessions.db");
 * ```
 */
export async function openStore<Url extends string, Users extends boolean = true>(
  url: Url,
  options: OpenStoreOptions & { readonly users?: Users | undefined } = {},
): Promise<Users extends false ? RecordStoreOf<Url> : StoreOf<Url>> {
  checkKnown<OpenStoreOptions>(options, { clock: true, users: true });
  const parsed = StoreUrl.parse(url);
  const store = await openerOf(parsed.scheme, options.users !== false)(parsed, options.clock);
  parsed.checkAllRead();
  try {
    await store.health();
  } catch (error) {
    await store.close().catch(() => {});
    throw error;
  }
  return store as Users extends false ? RecordStoreOf<Url> : StoreOf<Url>;
}

function openerOf(scheme: string, users: boolean): Opener<OpenedRecordStore> {
  if (Object.hasOwn(openers, scheme)) return openers[scheme as keyof StoreByScheme];
  if (Object.hasOwn(recordOpeners, scheme)) {
    if (!users) return recordOpeners[scheme as keyof RecordStoreByScheme];
    const expected = "a store that can list and revoke by user, or { users: false } beside it";
    throw invalidOption("url", `${scheme}:`, expected);
  }
  const known = [...Object.keys(openers), ...Object.keys(recordOpeners)].map((each) => `"${each}:"`);
  throw invalidOption("url", `${scheme}:`, `a URL that begins with ${known.join(", ")}`);
}
