/** A MariaDB, and stores over it with a table for each test. */
import type { Pool, RowDataPacket } from "mysql2/promise";
import mysql from "mysql2/promise";
import { afterAll } from "vitest";
import type { SessionRecord } from "../../../src/record.ts";
import type { MysqlPool, MysqlPoolConnection, MysqlStatement } from "../../../src/stores/mysql/client.ts";
import { type MysqlClient, type MysqlStoreOptions, mysqlStore } from "../../../src/stores/mysql.ts";
import { fakeClock } from "../../../src/testing/index.ts";
import { startMariadb } from "../../servers/mariadb.ts";
import { recordsAt } from "../../support/records.ts";
import { table } from "../../support/table.ts";

export const server = await startMariadb();
export const pool = mysql.createPool({ uri: server.url, connectionLimit: 8, multipleStatements: true });
export const ends: (() => unknown)[] = [() => pool.end()];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await server.close();
});

export const clock = fakeClock();

export const open = (options: MysqlStoreOptions = {}, source: string | MysqlClient = pool) =>
  mysqlStore(source, { clock, table, sweepEvery: false, ...options });

export const record = recordsAt(clock);

export const ofUser = (userId: string, changes: Partial<SessionRecord> = {}) => ({ ...record(changes), userId });

export async function rows(sql: string, values: unknown[] = [], from: Pool = pool): Promise<RowDataPacket[]> {
  return (await from.query<RowDataPacket[]>(sql, values))[0];
}

/** A pool of an account that may do nothing but what is granted. */
export async function poolOf(account: string, grant: string): Promise<Pool> {
  await pool.query(`CREATE USER ${account}@'%'`);
  await pool.query(`GRANT ${grant} TO ${account}@'%'`);
  const database = /ON (\w+)/.exec(grant)?.[1];
  const uri = server.url.replace("root@", `${account}@`).replace("/test", `/${database}`);
  const own = mysql.createPool({ uri, connectionLimit: 2 });
  ends.push(() => own.end());
  return own;
}

/** The pool, with every statement in view: for failures in the middle of something. */
export function tapped(before: (statement: MysqlStatement | string) => unknown): MysqlPool {
  return {
    async getConnection(): Promise<MysqlPoolConnection> {
      const connection = await pool.getConnection();
      return {
        execute: async (statement) => {
          await before(statement);
          return connection.execute(statement);
        },
        query: async (sql) => {
          await before(sql);
          return connection.query(sql);
        },
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      };
    },
  };
}
