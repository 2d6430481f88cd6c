import type { Clock } from "../clock.ts";
import { invalidOption } from "../errors.ts";
import type { FileStore } from "./file.ts";
import type { MemoryStore } from "./memory.ts";
import { StoreUrl } from "./open/url.ts";
import type { PostgresStore } from "./postgres.ts";
import type { RedisStore } from "./redis.ts";
import type { SqliteStore } from "./sqlite.ts";
import type { ClosableStore, HealthStore, ScanStore, UserStore } from "./store.ts";

/** What a URL cannot say. */
export interface OpenStoreOptions {
  /** What an instant is compared with. Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/** What every store can do that a URL names: list and revoke by user, be walked through, closed and asked how it is. */
export interface OpenedStore extends UserStore, ScanStore, ClosableStore, HealthStore {}

/** Which store a scheme names. */
export interface StoreByScheme {
  memory: MemoryStore;
  file: FileStore;
  sqlite: SqliteStore;
  postgres: PostgresStore;
  postgresql: PostgresStore;
  redis: RedisStore;
  rediss: RedisStore;
}

/** The store that a URL written in the source names; `OpenedStore` for a URL that is only known at run time. */
export type StoreOf<Url extends string> = Url extends `${infer Scheme extends keyof StoreByScheme}:${string}`
  ? StoreByScheme[Scheme]
  : OpenedStore;

type Openers = {
  readonly [Scheme in keyof StoreByScheme]: (url: StoreUrl, clock: Clock | undefined) => Promise<StoreByScheme[Scheme]>;
};

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
    sweepEvery: url.text("sweepEvery") === "false" ? (false as const) : url.number("sweepEvery"),
  };
  return postgresStore(url.rest(), options);
}

async function redis(url: StoreUrl, clock: Clock | undefined): Promise<RedisStore> {
  const { redisStore } = await import("./redis.ts");
  const prefix = url.text("prefix");
  return redisStore(url.rest(), { clock, prefix });
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
  redis,
  rediss: redis,
};

/**
 * Opens a store by URL, so that it can be a line of the environment.
 *
 * | URL | store |
 * |---|---|
 * | `memory:` | `memoryStore`; `maxSessions`, `maxBytes` |
 * | `file:./sessions` | `fileStore`; `durability` |
 * | `sqlite:./sessions.db`, `sqlite::memory:` | `sqliteStore`; `table`, `durability`, `busyTimeout`, `sweepEvery`, `watchEvery` |
 * | `postgres://user@host/database` | `postgresStore`; `table`, `schema`, `create`, `unlogged`, `prepare`, `notify`, `sweepEvery`; all others are the driver's |
 * | `redis://user:password@host:6379/0`, `rediss:` for TLS | `redisStore` for one server; `prefix` |
 *
 * Options follow as a query, `sqlite:./sessions.db?durability=normal`, with the bounds that they have in code. A path is taken
 * as it is written, relative to the working directory, and ends at the first `?`; `sqlite:/var/lib/app/sessions.db` and
 * `sqlite:///var/lib/app/sessions.db` are the same.
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
export async function openStore<Url extends string>(url: Url, options: OpenStoreOptions = {}): Promise<StoreOf<Url>> {
  const parsed = StoreUrl.parse(url);
  if (!Object.hasOwn(openers, parsed.scheme)) {
    const known = Object.keys(openers).map((scheme) => `"${scheme}:"`);
    throw invalidOption("url", `${parsed.scheme}:`, `a URL that begins with ${known.join(", ")}`);
  }
  const store: OpenedStore = await openers[parsed.scheme as keyof StoreByScheme](parsed, options.clock);
  parsed.checkAllRead();
  try {
    await store.health();
  } catch (error) {
    await store.close().catch(() => {});
    throw error;
  }
  return store as StoreOf<Url>;
}
