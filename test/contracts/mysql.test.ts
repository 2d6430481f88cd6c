import type { Connection, Pool } from "mysql2/promise";
import mysql from "mysql2/promise";
import { afterAll } from "vitest";
import type { MysqlClient, MysqlStore } from "../../src/stores/mysql.ts";
import { mysqlStore } from "../../src/stores/mysql.ts";
import { startMariadb } from "../servers/mariadb.ts";
import { contract } from "../support/contract.ts";

/** A server of one's own, such as MySQL 8: `MYSQL_URL=mysql://root@localhost/test`. It is left full of tables. */
const given = process.env.MYSQL_URL;
const server = given === undefined ? await startMariadb() : undefined;
const uri = given ?? server?.url ?? "";

const plain = mysql.createPool({ uri, connectionLimit: 10 });

/** As unlike the defaults as an application may have it: none of this may matter. */
const strange = mysql.createPool({
  uri,
  charset: "latin1_german2_ci",
  flags: ["-FOUND_ROWS"],
  rowsAsArray: true,
  namedPlaceholders: true,
  bigNumberStrings: true,
  supportBigNumbers: true,
  dateStrings: true,
  timezone: "+05:30",
  typeCast: (field) => field.string(),
});
const session = "SET SESSION sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH', time_zone = '+13:00'";
strange.on("connection", (connection) => {
  const raw = connection as unknown as { query(sql: string): void };
  raw.query(session);
  raw.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
});

const connections = new Map<MysqlStore, Connection>();
afterAll(async () => {
  await Promise.all([plain.end(), strange.end()]);
  await server?.close();
});

/** Every third store has one connection and nothing else, so that over two handles every pair is met. */
let opened = 0;
async function client(): Promise<Pool | Connection> {
  opened += 1;
  return [plain, strange][opened % 3] ?? (await mysql.createConnection(uri));
}

await contract({
  handles: "shared",
  durable: true,
  histories: 4,
  open: async ({ clock, name }) => {
    const chosen = await client();
    const store = mysqlStore(chosen satisfies MysqlClient, { clock, table: name, sweepEvery: false });
    if (!("getConnection" in chosen)) connections.set(store, chosen);
    return store;
  },
  close: async (store) => {
    await store.close();
    await connections.get(store)?.end();
    connections.delete(store);
  },
});
