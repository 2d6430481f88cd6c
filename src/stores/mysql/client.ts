/**
 * The clients of mysql2 that a store can be made over, by the parts of them that are used, each as a `Source` of turns
 * on a connection; and the pool that the store makes from a URL.
 */
import { SessionError } from "../../errors.ts";

/** What is bound to a placeholder. Bytes go in as bytes, whatever the connection's character set is. */
export type MysqlValue = string | number | Uint8Array | null;

/** One call of `execute` or `query`. What the client was configured to do with rows is overruled. */
export interface MysqlStatement {
  readonly sql: string;
  readonly values: MysqlValue[];
  readonly rowsAsArray: false;
  readonly nestTables: false;
  readonly typeCast: (field: unknown, next: () => unknown) => unknown;
}

/** The part of a connection of `mysql2/promise` that is used. */
export interface MysqlConnection {
  execute(statement: MysqlStatement): Promise<readonly unknown[]>;
  query(sql: string): Promise<readonly unknown[]>;
}

/** A connection that goes back to its pool. */
export interface MysqlPoolConnection extends MysqlConnection {
  release(): void;
  destroy(): void;
}

/** The part of a pool of `mysql2/promise` that is used. */
export interface MysqlPool {
  getConnection(): Promise<MysqlPoolConnection>;
}

/** A pool or a connection of `mysql2`, with promises or (by its `promise()`) with callbacks. */
export type MysqlClient = MysqlPool | MysqlConnection | { promise(): MysqlPool | MysqlConnection };

/** A pool that was made here. */
export interface OwnPool extends MysqlPool {
  end(): Promise<unknown>;
}

/** One turn on a connection. */
export interface Lease {
  readonly connection: MysqlConnection;
  /** The same for all turns on one connection of a pool; none where another cannot be had. */
  readonly id?: object | undefined;
  /** Back to the pool: it is idle and no transaction is open. */
  release(): void;
  /**
   * It does not answer, or must not be used again. `settled` resolves when the work on it has come to an end after all.
   */
  discard(settled: Promise<unknown>): void;
}

/** Where connections come from. */
export interface Source {
  acquire(): Promise<Lease>;
}

export function sourceOf(client: MysqlClient): Source {
  const plain = "promise" in client && typeof client.promise === "function" ? client.promise() : client;
  return "getConnection" in plain ? poolSource(plain) : singleSource(plain as MysqlConnection);
}

function poolSource(pool: MysqlPool): Source {
  return {
    async acquire() {
      const connection = await pool.getConnection();
      // mysql2 gives a new wrapper each time, around the connection itself.
      const { connection: inner } = connection as { connection?: object };
      const id = inner ?? connection;
      return { connection, id, release: () => connection.release(), discard: () => connection.destroy() };
    },
  };
}

/**
 * One connection for all: each waits until the one before has really ended, or a transaction would take in what is not
 * its own.
 */
function singleSource(connection: MysqlConnection): Source {
  let last: Promise<unknown> = Promise.resolve();
  return {
    acquire() {
      let free = (): void => {};
      const turn = last;
      last = new Promise<void>((resolve) => {
        free = resolve;
      });
      const lease: Lease = {
        connection,
        release: () => free(),
        // The connection is the application's: it is not closed here.
        discard: (settled) => void settled.finally(() => free()),
      };
      return turn.then(() => lease);
    },
  };
}

/** The part of the module `mysql2/promise` that is used. */
interface Driver {
  createPool(options: Record<string, unknown>): OwnPool;
}

/**
 * The name is written out, and within `try`, so that bundlers and file tracers take the driver along, and only warn
 * without it.
 */
async function loadDriver(): Promise<Driver> {
  let module: object;
  try {
    module = await import("mysql2/promise");
  } catch (cause) {
    throw new SessionError(
      "SOJOURN_INVALID_OPTION",
      'Option "source": a URL needs the driver mysql2, which cannot be loaded from here. Run `npm install mysql2`; ' +
        "where a bundler left it out, mark it as external; or pass a pool of it.",
      cause,
    );
  }
  const found = ("createPool" in module ? module : (module as { default?: unknown }).default) as Driver | undefined;
  if (typeof found?.createPool === "function") return found;
  throw new SessionError(
    "SOJOURN_INVALID_OPTION",
    'Option "source": the installed version of mysql2 has another interface. Install mysql2 3, or pass a pool of it.',
  );
}

/**
 * A pool for a URL. What the URL says by itself (`?connectionLimit=20`) is mysql2's affair and stays; a queue has an
 * end, so that an outage does not fill the memory with requests that nobody waits for any more.
 */
export async function createPool(url: string, timeout: number): Promise<OwnPool> {
  const { createPool: create } = await loadDriver();
  const uri = url.replace(/^mariadb:/i, "mysql:");
  const said = new URL(uri).searchParams;
  const defaults: Record<string, unknown> = { queueLimit: 1000, connectTimeout: timeout };
  const missing = Object.entries(defaults).filter(([name]) => !said.has(name));
  return create({ uri, ...Object.fromEntries(missing) });
}
