import { invalidOption, SessionError } from "../../errors.ts";
import type { Driver, ListenClient, NotifyingClient, PostgresClient, UnsafeClient } from "./client.ts";
import { toDriver } from "./client.ts";

/** How many connections the pool opens at most. */
const CONNECTIONS = 10;
/** Milliseconds for a connection, and for an answer: more than the core waits, so that a server that hangs is let go of. */
const CONNECT_TIMEOUT = 5000;
const QUERY_TIMEOUT = 10_000;

interface PgModule {
  readonly Pool: new (config: object) => PostgresClient & { end(): Promise<void> };
  readonly Client: new (config: object) => NotifyingClient & { connect(): Promise<unknown> };
}

type PostgresModule = (
  url: string,
  options: object,
) => UnsafeClient & { end(options: { timeout: number }): Promise<void> };

/** The specifier is a variable, so that neither compilers nor bundlers ask for a driver that is not installed. */
async function load<T>(specifier: string): Promise<T | undefined> {
  try {
    const module = (await import(specifier)) as { readonly default: T };
    return module.default;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** A pool of the driver that is installed. Nothing is connected before the first query. */
export async function connectByUrl(url: string, prepare: boolean): Promise<Driver> {
  const pg = await load<PgModule>("pg");
  if (pg) return overPg(pg, url, prepare);
  const postgres = await load<PostgresModule>("postgres");
  if (postgres) return overPostgres(postgres, url, prepare);
  throw new SessionError(
    "SOJOURN_INVALID_OPTION",
    'Option "source": a URL needs a PostgreSQL driver, found neither pg nor postgres. `npm install pg`, or pass a client.',
  );
}

function overPg({ Pool, Client }: PgModule, url: string, prepare: boolean): Driver {
  const config = { connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT, keepAlive: true };
  const pool = new Pool({ ...config, max: CONNECTIONS, query_timeout: QUERY_TIMEOUT, allowExitOnIdle: true });
  const listen = async (): Promise<ListenClient> => {
    const client = new Client(config);
    // The failure of connect() is enough; without a listener this event would end the process.
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  return { ...toDriver(pool, prepare), listen, close: () => pool.end() };
}

export function overPostgres(postgres: PostgresModule, url: string, prepare: boolean): Driver {
  const config = { max: CONNECTIONS, connect_timeout: CONNECT_TIMEOUT / 1000, idle_timeout: 30, onnotice: () => {} };
  let sql: ReturnType<PostgresModule>;
  try {
    sql = postgres(url, config);
  } catch {
    // What it throws for a URL that it cannot read has the URL in it, and so the password.
    throw invalidOption("source", undefined, 'a URL such as "postgres://user:password@host/database"');
  }
  return { ...toDriver(sql, prepare), close: () => sql.end({ timeout: 5 }) };
}
