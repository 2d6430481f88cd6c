/** PostgreSQL and MariaDB, durable as they are by default: an answer means that it is on the disk. */
import { statSync } from "node:fs";
import { join } from "node:path";
import mysql from "mysql2/promise";
import pg from "pg";
import { mysqlStore } from "sojourn/stores/mysql";
import { postgresStore } from "sojourn/stores/postgres";
import { startMariadb } from "../../../test/servers/mariadb.ts";
import { startPostgres } from "../../../test/servers/postgres.ts";
import type { Fresh } from "../population.ts";
import type { OpenWorld } from "../world.ts";

const CONNECTIONS = 10;

/** 52 random bits, as fits both. */
const version = (): number => Math.floor(Math.random() * 2 ** 52);

const INTO_POSTGRES = `INSERT INTO sojourn_sessions
  (key, version, created_at, seen_at, expires_at, sweep_at, user_id, payload)
  SELECT key, version, to_timestamp(created / 1000), to_timestamp(seen / 1000), to_timestamp(expires / 1000),
    to_timestamp(expires / 1000), owner, payload
  FROM unnest($1::text[], $2::bigint[], $3::float8[], $4::float8[], $5::float8[], $6::text[], $7::text[])
    AS given (key, version, created, seen, expires, owner, payload)`;

export const openPostgres: OpenWorld = async (clock) => {
  const settings = ["shared_buffers=512MB", "max_wal_size=4GB", "wal_compression=off"];
  const server = await startPostgres(settings, { durable: true });
  const pool = new pg.Pool({ connectionString: server.url, max: CONNECTIONS });
  pool.on("error", () => {});
  const store = postgresStore(pool, { clock, sweepEvery: false });
  const number = async (sql: string): Promise<number> => Number((await pool.query(sql)).rows[0]?.value);
  await store.health();
  return {
    store,
    async insert(sessions) {
      const column = <T>(value: (session: Fresh) => T): T[] => sessions.map(value);
      await pool.query(INTO_POSTGRES, [
        column(({ key }) => key),
        column(version),
        column(({ record }) => record.createdAt),
        column(({ record }) => record.seenAt),
        column(({ record }) => record.expiresAt),
        column(({ record }) => record.userId),
        column(({ record }) => record.payload),
      ]);
    },
    async settle() {
      for (const sql of ["VACUUM ANALYZE sojourn_sessions", "CHECKPOINT"]) await pool.query(sql);
    },
    checkpoint: async () => void (await pool.query("CHECKPOINT")),
    bytes: () =>
      number(`SELECT pg_total_relation_size('sojourn_sessions') + pg_total_relation_size('sojourn_sessions_epochs')
        AS value`),
    measured: "pg_total_relation_size",
    written: () => number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS value"),
    async close() {
      await store.close();
      await pool.end();
      await server.close();
    },
  };
};

const DURABLE = [
  "--innodb-buffer-pool-size=512M",
  "--innodb-log-file-size=512M",
  "--innodb-flush-log-at-trx-commit=1",
  "--innodb-flush-method=O_DIRECT",
  "--innodb-doublewrite=1",
];

export const openMariadb: OpenWorld = async (clock) => {
  const server = await startMariadb(DURABLE);
  const pool = mysql.createPool({ uri: server.url, connectionLimit: CONNECTIONS, maxPreparedStatements: 100 });
  const store = mysqlStore(pool, { clock, sweepEvery: false });
  await store.health();
  const file = (table: string): string => join(server.folder, "data/test", `${table}.ibd`);
  return {
    store,
    async insert(sessions) {
      const rows = sessions.map(({ key, record }) => [
        Buffer.from(record.userId ?? ""),
        Buffer.from(record.payload),
        ...[record.createdAt, record.seenAt, record.expiresAt, version(), key],
      ]);
      await pool.query(
        "INSERT INTO sojourn_sessions (user_id, payload, created_at, seen_at, expires_at, version, session_key) VALUES ?",
        [rows],
      );
      // A row per user who ever logged in, which the store makes at the first login.
      const users = [...new Set(sessions.map(({ record }) => record.userId))];
      const epochs = users.map((user) => [Buffer.from(user ?? ""), version(), clock()]);
      await pool.query("INSERT IGNORE INTO sojourn_sessions_epochs (user_id, epoch, used_at) VALUES ?", [epochs]);
    },
    settle: async () => void (await pool.query("ANALYZE TABLE sojourn_sessions")),
    bytes: async () => statSync(file("sojourn_sessions")).size + statSync(file("sojourn_sessions_epochs")).size,
    measured: ".ibd files",
    async written() {
      const [rows] = await pool.query("SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'");
      return Number((rows as { Value: string }[])[0]?.Value);
    },
    async close() {
      await store.close();
      await pool.end();
      await server.close();
    },
  };
};
