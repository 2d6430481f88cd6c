/** PostgreSQL, with a pool of `pg` as docs/postgres.md sets it up. */
import pg from "pg";
import { postgresStore } from "../../../src/stores/postgres.ts";
import { freeze } from "../../servers/freeze.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { until } from "../../servers/process.ts";
import { startProxy } from "../../servers/proxy.ts";
import type { Backend, Fault } from "../backend.ts";
import { networkFaults } from "../network.ts";

const POOL = 10;

export async function startPostgresBackend(): Promise<Backend> {
  const settings = ["max_connections=30", "superuser_reserved_connections=5"];
  const server = await startPostgres(settings, { durable: true });
  const proxy = await startProxy(server.port);
  const poolOf = (url: string, max: number): pg.Pool => {
    const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 2000, query_timeout: 5000 });
    pool.on("error", () => {});
    return pool;
  };
  const admin = poolOf(server.url, 1);
  await admin.query("CREATE ROLE app LOGIN");
  await admin.query("GRANT ALL ON SCHEMA public TO app");
  const version = String((await admin.query("SHOW server_version")).rows[0]?.server_version).split(" ")[0];

  const readOnly = (value: "on" | "off") => async (): Promise<void> => {
    await admin.query("SET default_transaction_read_only = off");
    await admin.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
    await admin.query("SELECT pg_reload_conf()");
  };
  const taken: pg.Client[] = [];
  const faults: Record<string, Fault> = {
    kill: { begin: () => server.kill(), end: () => server.restart(), fails: true },
    freeze: { begin: () => freeze(server), end: () => server.resume(), fails: true },
    ...networkFaults([proxy], /INSERT|UPDATE|DELETE|sojourn_sessions_\w+_[a-z0-9]+/),
    "read-only": { begin: readOnly("on"), end: readOnly("off"), fails: true },
    "out-of-connections": {
      async begin() {
        await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
        for (let full = false; !full; ) {
          const client = new pg.Client({ connectionString: server.urlOf({ user: "app" }) });
          client.on("error", () => {});
          full = await client.connect().then(
            () => false,
            () => true,
          );
          if (!full) taken.push(client);
          else if (taken.length === 0) throw new Error("not a single connection to be had");
        }
        // Some were the application's again; it is to have none.
        await admin.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' AND application_name = ''" +
            " AND pid <> ALL($1)",
          [await Promise.all(taken.map(async (client) => Number((client as { processID?: number }).processID)))],
        );
        await until(async () => {
          const client = new pg.Client({ connectionString: server.urlOf({ user: "app" }) });
          client.on("error", () => {});
          const refused = await client.connect().then(
            () => false,
            () => true,
          );
          if (!refused) taken.push(client);
          return refused;
        }, 30);
      },
      async end() {
        await Promise.all(taken.splice(0).map((client) => client.end().catch(() => {})));
      },
      fails: true,
    },
  };

  return {
    name: "postgres",
    server: `PostgreSQL ${version}`,
    promise: "one server, `synchronous_commit = on`: nothing acknowledged is lost",
    async open(_process, clock) {
      const pool = poolOf(server.urlOf({ user: "app", port: proxy.port }), POOL);
      return { store: postgresStore(pool, { clock }), close: () => pool.end() };
    },
    faults,
    // A pool opens what it is asked for at once; and each process has one that listens.
    mostConnections: 2 * (POOL + 1),
    async connections() {
      const { rows } = await admin.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'");
      return Number(rows[0]?.count);
    },
    async close() {
      await admin.end().catch(() => {});
      await proxy.close();
      await server.close();
    },
  };
}
