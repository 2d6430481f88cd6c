/** Over PostgreSQL, by a pool of pg: a floor, Sojourn, and on Express beside express-session + connect-pg-simple. */
import pg from "pg";
import { createSessions } from "sojourn";
import { postgresStore } from "sojourn/stores/postgres";
import type { Data } from "../application.ts";
import { peer } from "../peers.ts";
import { type ExpressSession, expressSessionOver, expressSojourn } from "./express.ts";
import { IDLE_MS, type RemotePlace, remoteFloor } from "./floor.ts";
import { secrets, sojourn } from "./node.ts";
import type { MakeServer } from "./serve.ts";

/** With pg's own defaults, for everybody. */
export function openPool(url: string): pg.Pool {
  return new pg.Pool({ connectionString: url });
}

/** Prepared statements, one row, and an expiry that the database judges. */
export async function postgresFloor(pool: pg.Pool): Promise<RemotePlace> {
  await pool.query(
    "CREATE TABLE IF NOT EXISTS floor (key text PRIMARY KEY, json text NOT NULL, expires_at timestamptz NOT NULL)",
  );
  const get = "SELECT json FROM floor WHERE key = $1 AND expires_at > now()";
  const put = `INSERT INTO floor VALUES ($1, $2, now() + interval '${IDLE_MS} milliseconds')
    ON CONFLICT (key) DO UPDATE SET json = excluded.json, expires_at = excluded.expires_at`;
  return {
    load: async (key) => (await pool.query<{ json: string }>({ name: "get", text: get, values: [key] })).rows[0]?.json,
    save: (key, json) => pool.query({ name: "put", text: put, values: [key, json] }),
  };
}

type ConnectPgSimple = (session: ExpressSession) => new (options: object) => object;

export const postgresServers: Record<string, MakeServer> = {
  "floor: PostgreSQL": async ({ url }) => remoteFloor(await postgresFloor(openPool(url))),
  "Sojourn, PostgreSQL": ({ url }) => sojourn(createSessions<Data>({ secrets, store: postgresStore(openPool(url)) })),
  "Express + Sojourn, PostgreSQL": ({ url }) =>
    expressSojourn(createSessions<Data>({ secrets, store: postgresStore(openPool(url)) })),
  "express-session, PostgreSQL": ({ url }) =>
    expressSessionOver((session) => {
      const Store = peer<ConnectPgSimple>("connect-pg-simple")(session);
      return new Store({ pool: openPool(url), createTableIfMissing: true });
    }),
};
