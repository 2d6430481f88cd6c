/**
 * The pool that the store opens itself from a URL, by whichever of pg and postgres is installed. Clients of the
 * application are in `client.ts`.
 */
import { invalidOption, SessionError } from "../../errors.ts";
import { answers } from "./answers.ts";
import type {
  Driver,
  DriverOptions,
  ListenClient,
  NotifyingClient,
  PostgresClient,
  SubscribingClient,
  UnsafeClient,
} from "./client.ts";
import { toDriver } from "./client.ts";

/** How many connections the pool opens at most. */
const CONNECTIONS = 10;

/** Milliseconds for the first answer over a new connection, before it takes the place of one that does not answer. */
const ALIVE = 1000;

interface PgModule {
  readonly Pool: new (config: object) => PostgresClient & { end(): Promise<void> };
  readonly Client: {
    new (config: object): NotifyingClient & { connect(): Promise<unknown> };
    readonly prototype: object;
  };
}

type PostgresModule = (url: string, options: object) => OwnSql;
type OwnSql = UnsafeClient & { end(options: { timeout: number }): Promise<void> };

/** Where a module is CommonJS, its exports are the default; bundlers differ in what else they make of them. */
function exportsOf(module: object): unknown {
  return "default" in module ? module.default : module;
}

/** Whether it is this package that was not found, and not one that it needs itself. */
function isNotInstalled(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  return missing && new RegExp(`['"]${name}['"]`).test(String(message));
}

/*
 * The names are written out, and within `try`, so that bundlers and file tracers take the driver along that is
 * installed, and only warn of the one that is not.
 */

async function loadPg(): Promise<PgModule | undefined> {
  try {
    return exportsOf(await import("pg")) as PgModule;
  } catch (error) {
    if (isNotInstalled(error, "pg")) return undefined;
    throw error;
  }
}

async function loadPostgres(): Promise<PostgresModule | undefined> {
  try {
    return exportsOf(await import("postgres")) as PostgresModule;
  } catch (error) {
    if (isNotInstalled(error, "postgres")) return undefined;
    throw error;
  }
}

/** A pool of the driver that is installed. Nothing is connected before the first query. */
export async function connectByUrl(url: string, options: DriverOptions): Promise<Driver> {
  const pg = await loadPg();
  if (pg) return overPg(pg, url, options);
  const postgres = await loadPostgres();
  if (postgres) return overPostgres(postgres, url, options);
  throw new SessionError(
    "SOJOURN_INVALID_OPTION",
    'Option "source": a URL needs a PostgreSQL driver, and neither pg nor postgres can be loaded from here. ' +
      "Run `npm install pg`; where a bundler left it out, mark it as external; or pass a client.",
  );
}

/** For a module that is there and is another than was expected: a major version that this release does not know. */
function otherDriver(name: string): SessionError {
  return new SessionError(
    "SOJOURN_INVALID_OPTION",
    `Option "source": the installed version of ${name} has another interface. Install pg 8 or postgres 3, or pass a ` +
      "client.",
  );
}

function overPg({ Pool, Client }: PgModule, url: string, options: DriverOptions): Driver {
  if (typeof Pool !== "function" || typeof Client !== "function") throw otherDriver("pg");
  const { timeout } = options;
  const config = { connectionString: url, connectionTimeoutMillis: timeout, keepAlive: true };
  // The clients of pg 8.6 and before cannot be let go of, and its pool, which may be newer, throws when it tries.
  const allowExitOnIdle = "unref" in Client.prototype;
  const pool = new Pool({ ...config, max: CONNECTIONS, allowExitOnIdle });
  const listen = async (): Promise<ListenClient> => {
    const client = new Client(config);
    // The failure of connect() is enough; without a listener this event would end the process.
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  return { ...toDriver(pool, options), listen, close: () => pool.end() };
}

/**
 * `postgres` closes no connection of its own that is silent. So when one is, the whole client is put in the place of
 * another that answers; what is under way may still come to its end. Who listens has a client for that alone.
 */
export function overPostgres(postgres: PostgresModule, url: string, options: DriverOptions): Driver {
  if (typeof postgres !== "function") throw otherDriver("postgres");
  const make = (max: number): OwnSql => {
    const seconds = Math.ceil(options.timeout / 1000);
    try {
      return postgres(url, { max, connect_timeout: seconds, idle_timeout: 30, onnotice: () => {} });
    } catch {
      // What it throws for a URL that it cannot read has the URL in it, and so the password.
      throw invalidOption("source", undefined, 'a URL such as "postgres://user:password@host/database"');
    }
  };
  let sql = make(CONNECTIONS);
  let driver = toDriver(sql, options);
  let ear: OwnSql | undefined;
  let closed = false;
  const end = (each: OwnSql | undefined): Promise<void> => each?.end({ timeout: 5 }) ?? Promise.resolve();
  return {
    run: (statement, values) => driver.run(statement, values),
    listen: async () => {
      ear ??= make(1);
      return ear as OwnSql & SubscribingClient;
    },
    renew: async () => {
      const next = make(CONNECTIONS);
      if (closed || !(await answers(next.unsafe("SELECT 1"), ALIVE)) || closed) return end(next);
      const before = sql;
      sql = next;
      driver = toDriver(next, options);
      await end(before);
    },
    close: async () => {
      closed = true;
      await Promise.all([end(sql), end(ear)]);
    },
  };
}
