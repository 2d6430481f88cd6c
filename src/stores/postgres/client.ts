/**
 * The clients that a store can be made over, by the parts of them that are used, and each of them as a `Driver`. The
 * pool for a URL is made in `connect.ts`.
 */
import { answers } from "./answers.ts";
import type { Row, Value } from "./row.ts";
import type { Statement } from "./statements.ts";

/**
 * The part of `Pool` and `Client` of pg, and of PGlite, that is used; any object that runs a query with
 * parameters `$1, $2, …` can have it. Rows are in `rows`, or are the answer themselves.
 */
export interface QueryClient {
  query(text: string, values?: unknown[]): PromiseLike<{ readonly rows: readonly unknown[] } | readonly unknown[]>;
}

/** The part of `postgres` (postgres.js) that is used. */
export interface UnsafeClient {
  unsafe(text: string, values?: unknown[], options?: { prepare?: boolean }): PromiseLike<readonly unknown[]>;
}

/** A client that a store can be made over. */
export type PostgresClient = QueryClient | UnsafeClient;

/** A `Client` of pg, connected, that is there for listening alone. It is ended when nobody listens any more. */
export interface NotifyingClient {
  query(text: string): PromiseLike<unknown>;
  on(event: "notification", listener: (message: { channel: string; payload?: string | undefined }) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  end(): PromiseLike<unknown>;
  unref?(): unknown;
}

/** A client that listens by itself: `postgres` and PGlite. */
export interface SubscribingClient {
  listen(channel: string, onPayload: (payload: string) => void): PromiseLike<unknown>;
}

/** What a store can listen with. */
export type ListenClient = NotifyingClient | SubscribingClient;

/** A client as the store uses it. */
export interface Driver {
  run(statement: Statement, values: readonly Value[]): Promise<readonly Row[]>;
  /** A connection to listen on, where the client has one to give. */
  readonly listen?: (() => Promise<ListenClient>) | undefined;
  /** Lets go of connections that do not answer any more, where the client's own can be told apart. */
  readonly renew?: (() => Promise<void>) | undefined;
  /** Ends what the store opened itself. */
  close(): Promise<void>;
}

interface PgQuery {
  readonly name?: string | undefined;
  readonly text: string;
  readonly values: readonly Value[];
  /** Milliseconds; then the pool closes the connection. */
  readonly query_timeout: number;
}

/** What tells a pool and a client of pg from other objects with `query`. */
interface Pg {
  query(config: PgQuery): Promise<{ rows: Row[] }>;
  on(event: "error", listener: () => void): unknown;
  listenerCount?(event: "error"): number;
  connect(): Promise<NotifyingClient & { release(destroy: boolean): void }>;
  readonly totalCount?: number;
  readonly idleCount?: number;
  readonly options?: { readonly max?: number | undefined } | undefined;
  readonly escapeIdentifier?: unknown;
}

function isPg(client: object): client is Pg {
  const { on, totalCount, escapeIdentifier } = client as Partial<Pg>;
  return typeof on === "function" && (typeof totalCount === "number" || typeof escapeIdentifier === "function");
}

function isSubscribing(client: object): client is SubscribingClient {
  return "listen" in client && typeof client.listen === "function";
}

export interface DriverOptions {
  readonly prepare: boolean;
  /** Milliseconds for an answer. */
  readonly timeout: number;
}

/** Every client in one form. */
export function toDriver(client: PostgresClient, { prepare, timeout }: DriverOptions): Driver {
  if ("unsafe" in client && typeof client.unsafe === "function") return unsafeDriver(client, prepare);
  if (isPg(client)) return pgDriver(client, prepare, timeout);
  return plainDriver(client as QueryClient);
}

const nothing = async (): Promise<void> => {};

function pgDriver(client: Pg, prepare: boolean, timeout: number): Driver {
  // Without a listener Node ends the process when a connection breaks, even one that is idle in the pool.
  if (client.listenerCount?.("error") === 0) client.on("error", () => {});
  const send: Send = ({ text, name, isLong = false }, values, named) => {
    const asked = { text, values, query_timeout: isLong ? 0 : timeout };
    return client.query(named && name !== undefined ? { ...asked, name } : asked).then(rowsOf);
  };
  // A pool gives a connection away, but never its only one.
  const canListen = typeof client.totalCount === "number" && client.options?.max !== 1;
  return {
    run: withNames(send, prepare),
    listen: canListen ? () => fromPool(client) : undefined,
    renew: typeof client.idleCount === "number" ? () => askIdle(client) : undefined,
    close: nothing,
  };
}

/** Milliseconds for the simplest of answers. */
const ALIVE = 500;

/** Asks every connection that is idle, all at once, and closes those that do not answer. */
async function askIdle(pool: Pg): Promise<void> {
  const ask = async (): Promise<void> => {
    const client = await pool.connect();
    client.release(!(await answers(client.query("SELECT 1"), ALIVE)));
  };
  await Promise.allSettled(Array.from({ length: pool.idleCount ?? 0 }, ask));
}

const rowsOf = ({ rows }: { readonly rows: Row[] }): Row[] => rows;

/** A connection of the pool, as if it had been opened for this. */
async function fromPool(pool: Pg): Promise<ListenClient> {
  const client = await pool.connect();
  return {
    query: (text) => client.query(text),
    on: client.on.bind(client),
    unref: () => client.unref?.(),
    end: async () => client.release(true),
  };
}

function unsafeDriver(sql: UnsafeClient, prepare: boolean): Driver {
  const { options } = sql as { options?: { readonly prepare?: boolean | undefined } | undefined };
  const send: Send = async ({ text, name }, values, named) =>
    (await sql.unsafe(text, [...values], { prepare: named && name !== undefined })) as readonly Row[];
  return {
    run: withNames(send, prepare && options?.prepare !== false),
    listen: isSubscribing(sql) ? async () => sql : undefined,
    close: nothing,
  };
}

function plainDriver(client: QueryClient): Driver {
  return {
    async run({ text }, values) {
      const answer = await client.query(text, [...values]);
      return ("rows" in answer ? answer.rows : answer) as readonly Row[];
    },
    listen: isSubscribing(client) ? async () => client : undefined,
    close: nothing,
  };
}

type Send = (statement: Statement, values: readonly Value[], named: boolean) => Promise<readonly Row[]>;

/** Not prepared here, prepared here already, prepared for tables that were altered since. */
function isLost(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  // The message of the third is in the server's language.
  return code === "26000" || code === "42P05" || (code === "0A000" && routine === "RevalidateCachedQuery");
}

/**
 * Prepared statements belong to a connection. Behind a transaction pooler each query may meet another one, which does
 * not know the name. The server has done nothing then, so the query is sent again without, and so are all that follow.
 */
function withNames(send: Send, prepare: boolean): Driver["run"] {
  let named = prepare;
  return (statement, values) => {
    if (!named) return send(statement, values, false);
    return send(statement, values, true).catch((error: unknown) => {
      if (!isLost(error)) throw error;
      named = false;
      return send(statement, values, false);
    });
  };
}
