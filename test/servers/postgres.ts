/** Real PostgreSQL servers for tests, and a transaction pooler in front of one. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { type Place, startServer, type TestServer } from "./process.ts";

const run = promisify(execFile);

/** Debian's folder of the newest version; elsewhere `POSTGRES_BIN`, or what the search path has. */
function binary(name: string): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env.POSTGRES_BIN, ...versions.map((version) => join(debian, version, "bin")), "/usr/sbin"];
  const found = folders.find((folder) => folder !== undefined && existsSync(join(folder, name)));
  return found === undefined ? name : join(found, name);
}

/** Neither server runs as root; the package of PostgreSQL brings a user. */
function asPostgres(command: string, args: readonly string[]): readonly [string, ...string[]] {
  if (process.getuid?.() !== 0) return [command, ...args];
  return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", command, ...args];
}

async function own(folder: string): Promise<void> {
  if (process.getuid?.() === 0) await run("chown", ["postgres", folder]);
}

function server(
  name: string,
  command: (place: Place) => readonly [string, ...string[]],
  more: Pick<Parameters<typeof startServer>[0], "prepare" | "ready" | "stopSignal">,
): Promise<TestServer> {
  const [program] = command({ port: 0, folder: "" });
  return startServer({ name, command: program, args: (place) => command(place).slice(1), ...more });
}

/**
 * Nothing waits for the disk: what is written survives kill -9, for the kernel has it, but no power cut. With fsync on,
 * a start after kill -9 first syncs each of a thousand files, which a slow disk takes a minute for.
 */
const UNSYNCED = ["fsync=off"];

/** A commit may be acknowledged before the kernel has it. */
const VOLATILE = ["synchronous_commit=off", "full_page_writes=off"];

export interface PostgresServer extends TestServer {
  readonly url: string;
  /** A URL of another user, database or port. */
  urlOf(parts: { user?: string; database?: string; port?: number }): string;
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on("error", () => {});
  await client.connect();
  await client.query("SELECT 1").finally(() => client.end());
}

/**
 * A PostgreSQL server with a fresh cluster, user and database `postgres`. `settings` are as `-c` takes them:
 * `["max_connections=10"]`. Takes about 1.6 seconds.
 */
export async function startPostgres(
  settings: readonly string[] = [],
  { durable = false }: { readonly durable?: boolean } = {},
): Promise<PostgresServer> {
  const urlAt = (port: number, user = "postgres", database = "postgres"): string =>
    `postgres://${user}@127.0.0.1:${port}/${database}`;
  const all = [...UNSYNCED, ...(durable ? [] : VOLATILE), "listen_addresses=127.0.0.1", ...settings];
  const started = await server(
    "postgres",
    ({ port, folder }) => {
      const options = [...all, `unix_socket_directories=${folder}`].flatMap((setting) => ["-c", setting]);
      return asPostgres(binary("postgres"), ["-D", join(folder, "data"), "-p", String(port), ...options]);
    },
    {
      async prepare({ folder }) {
        await own(folder);
        const args = [
          "-D",
          join(folder, "data"),
          "-A",
          "trust",
          "-U",
          "postgres",
          "-N",
          "-E",
          "UTF8",
          "--locale=C.UTF-8",
        ];
        const [command, ...rest] = asPostgres(binary("initdb"), args);
        await run(command, rest, { cwd: "/" });
      },
      ready: ({ port }) => answers(urlAt(port)),
      // SIGTERM would wait until every client has gone.
      stopSignal: "SIGINT",
    },
  );
  return Object.assign(started, {
    url: urlAt(started.port),
    urlOf: ({ user, database, port }: { user?: string; database?: string; port?: number }): string =>
      urlAt(port ?? started.port, user, database),
  });
}

/**
 * PgBouncer in transaction mode over few connections: of two queries of one client each may meet another server
 * process, with other prepared statements and no LISTEN.
 */
export async function startPooler(postgres: PostgresServer, connections = 3): Promise<TestServer & { url: string }> {
  const config = ({ port }: Place): string => `
[databases]
* = host=127.0.0.1 port=${postgres.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
server_round_robin = 1
max_client_conn = 500
`;
  const started = await server(
    "pgbouncer",
    ({ folder }) => asPostgres(binary("pgbouncer"), [join(folder, "pgbouncer.ini")]),
    {
      async prepare(place) {
        await own(place.folder);
        writeFileSync(join(place.folder, "pgbouncer.ini"), config(place));
      },
      ready: ({ port }) => answers(postgres.urlOf({ port })),
      stopSignal: "SIGINT",
    },
  );
  return Object.assign(started, { url: postgres.urlOf({ port: started.port }) });
}
