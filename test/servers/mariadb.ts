/** A MariaDB server for tests, on a port and in a folder of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { canConnect, type Place, startServer, type TestServer } from "./process.ts";

export interface MariadbServer extends TestServer {
  /** Of the database "test", as its superuser, who has no password. */
  readonly url: string;
}

/** Nothing waits for the disk: what is written survives kill -9, for the kernel has it, but no power cut. */
const settings: readonly string[] = [
  "--user=root",
  "--bind-address=127.0.0.1",
  "--skip-name-resolve",
  "--skip-log-bin",
  "--performance-schema=OFF",
  "--innodb-buffer-pool-size=32M",
  "--innodb-log-file-size=16M",
  "--innodb-flush-log-at-trx-commit=2",
  "--innodb-flush-method=nosync",
  "--skip-innodb-doublewrite",
  "--sync-frm=OFF",
  "--max-connections=60",
  "--table-open-cache=4000",
];

/** A MariaDB that starts removes the temporary tables of every other one, unless each has a folder for them. */
const temporary = ({ folder }: Place): string => `--tmpdir=${folder}`;

async function install(place: Place): Promise<void> {
  // --no-defaults must come first, or it is taken for an unknown option.
  await promisify(execFile)("mariadb-install-db", [
    "--no-defaults",
    "--user=root",
    `--datadir=${join(place.folder, "data")}`,
    temporary(place),
    "--auth-root-authentication-method=normal",
  ]);
}

/** Starts a server in some 2.5 s: a fresh data directory, no binary log, nothing read from /etc/mysql. */
export async function startMariadb(options: readonly string[] = []): Promise<MariadbServer> {
  const server = await startServer({
    name: "mariadb",
    command: "mariadbd",
    prepare: install,
    args: (place) => [
      "--no-defaults",
      `--datadir=${join(place.folder, "data")}`,
      `--port=${place.port}`,
      `--socket=${join(place.folder, "socket")}`,
      `--pid-file=${join(place.folder, "pid")}`,
      temporary(place),
      ...settings,
      ...options,
    ],
    ready: ({ port }) => canConnect(port),
  });
  return Object.defineProperty(server, "url", {
    get: () => `mysql://root@127.0.0.1:${server.port}/test`,
  }) as MariadbServer;
}
