/** MariaDB, with a pool of `mysql2` as docs/mysql.md sets it up. */
import mysql, { type Connection, type RowDataPacket } from "mysql2/promise";
import { mysqlStore } from "../../../src/stores/mysql.ts";
import { freeze } from "../../servers/freeze.ts";
import { startMariadb } from "../../servers/mariadb.ts";
import { startProxy } from "../../servers/proxy.ts";
import type { Backend, Fault } from "../backend.ts";
import { networkFaults } from "../network.ts";

const POOL = 10;
const MOST_CONNECTIONS = 60;

export async function startMariadbBackend(): Promise<Backend> {
  const server = await startMariadb([`--max-connections=${MOST_CONNECTIONS}`]);
  const proxy = await startProxy(server.port);
  const admin = mysql.createPool({ uri: server.url, connectionLimit: 1 });
  await admin.query("CREATE USER app@'%'");
  await admin.query("GRANT ALL ON test.* TO app@'%'");
  const [[row]] = await admin.query<RowDataPacket[]>("SELECT VERSION() AS version");
  const urlAt = (port: number): string =>
    server.url.replace("root@", "app@").replace(String(server.port), String(port));
  const processes = async (): Promise<number[]> => {
    const [rows] = await admin.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE user = 'app'",
    );
    return rows.map(({ id }) => Number(id));
  };
  const set = (assignment: string) => async (): Promise<void> => void (await admin.query(`SET GLOBAL ${assignment}`));
  const taken: Connection[] = [];

  const faults: Record<string, Fault> = {
    kill: { begin: () => server.kill(), end: () => server.restart(), fails: true },
    freeze: { begin: () => freeze(server), end: () => server.resume(), fails: true },
    ...networkFaults([proxy], /INSERT|UPDATE|DELETE|COMMIT/),
    "read-only": { begin: set("read_only = ON"), end: set("read_only = OFF"), fails: true },
    "out-of-connections": {
      async begin() {
        await set("max_connections = 10")();
        for (const id of await processes()) await admin.query(`KILL ${id}`).catch(() => {});
        for (let tries = 0; taken.length < 10 && tries < 200; tries += 1) {
          const connection = await mysql.createConnection(urlAt(server.port)).catch(() => undefined);
          if (connection) taken.push(connection);
          connection?.on("error", () => {});
          const own = new Set(taken.map((each) => each.threadId));
          for (const id of await processes()) if (!own.has(id)) await admin.query(`KILL ${id}`).catch(() => {});
        }
      },
      async end() {
        await set(`max_connections = ${MOST_CONNECTIONS}`)();
        for (const connection of taken.splice(0)) connection.destroy();
      },
      fails: true,
    },
  };

  return {
    name: "mariadb",
    server: `MariaDB ${String(row?.version).split("-")[0]}`,
    promise:
      "one server, `innodb_flush_log_at_trx_commit = 2`: nothing acknowledged is lost with the process (a power cut takes the last second)",
    async open(_process, clock) {
      const pool = mysql.createPool({ uri: urlAt(proxy.port), connectionLimit: POOL });
      return { store: mysqlStore(pool, { clock }), close: () => pool.end() };
    },
    faults,
    connections: async () => (await processes()).length,
    // A pool opens what it is asked for at once, and keeps it.
    mostConnections: 2 * POOL,
    async close() {
      await admin.end().catch(() => {});
      await proxy.close();
      await server.close();
    },
  };
}
