/** A PostgreSQL, and stores over it with a table for each test. */
import pg from "pg";
import { afterAll } from "vitest";
import { type PostgresClient, type PostgresStoreOptions, postgresStore } from "../../../src/stores/postgres.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { recordsAt } from "../../support/records.ts";
import { table } from "../../support/table.ts";

export const server = await startPostgres();
export const pool = new pg.Pool({ connectionString: server.url, max: 8 });
export const ends: (() => unknown)[] = [() => pool.end()];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await server.close();
});

export const clock = fakeClock();

export const open = (options: PostgresStoreOptions = {}, source: string | PostgresClient = pool) =>
  postgresStore(source, { clock, table, sweepEvery: false, ...options });

export const record = recordsAt(clock);

export const rows = async (text: string, ...values: unknown[]) =>
  (await pool.query<Record<string, unknown>>(text, values)).rows;

/** A role that may use what is there and make nothing, in a schema of its owner. */
export async function poolOf(role: string, setting = ""): Promise<pg.Pool> {
  await pool.query(`CREATE ROLE ${role} LOGIN`);
  if (setting) await pool.query(`ALTER ROLE ${role} SET ${setting}`);
  const own = new pg.Pool({ connectionString: server.urlOf({ user: role }), max: 2 });
  ends.push(() => own.end());
  return own;
}
