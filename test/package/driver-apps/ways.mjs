/** The ways in which applications open a store: each gives the store, and what ends the client that it was given. */
import { memcachedStore } from "sojourn/stores/memcached";
import { mysqlStore } from "sojourn/stores/mysql";
import { postgresStore } from "sojourn/stores/postgres";
import { redisStore } from "sojourn/stores/redis";
import { sqliteStore } from "sojourn/stores/sqlite";

const quiet = (client) => {
  client.on("error", () => {});
  return client;
};

const redisUrl = async (url) => ({ store: redisStore(url) });
const postgresUrl = async (url) => ({ store: postgresStore(url) });
const mysqlUrl = async (url) => ({ store: mysqlStore(url) });
const memcachedUrl = async (url) => ({ store: memcachedStore(url) });

async function overRedis(url, options = {}, change = (client) => client) {
  const { createClient } = await import("redis");
  const client = quiet(createClient({ url, disableOfflineQueue: true, ...options }));
  await client.connect();
  return { store: redisStore(change(client)), end: () => (client.destroy ?? client.disconnect).call(client) };
}
const redisClient = (url) => overRedis(url);
const redisResp3 = (url) => overRedis(url, { RESP: 3 });
const redisLegacyBuffers = (url) => overRedis(url, { commandOptions: { typeMapping: { 36: Buffer } } });
async function redisPool(url) {
  const { createClientPool } = await import("redis");
  const pool = quiet(createClientPool({ url }));
  await pool.connect();
  return { store: redisStore(pool), end: () => pool.destroy() };
}

async function overIoredis(url, options = {}) {
  const module = await import("ioredis");
  const Redis = module.Redis ?? module.default;
  const client = quiet(new Redis(url, { maxRetriesPerRequest: 0, lazyConnect: true, ...options }));
  await client.connect();
  try {
    return { store: redisStore(client), end: () => client.disconnect() };
  } catch (error) {
    client.disconnect();
    throw error;
  }
}
const ioredisClient = (url) => overIoredis(url);
const ioredisPrefix = (url) => overIoredis(url, { keyPrefix: "app:" });
const ioredisStringNumbers = (url) => overIoredis(url, { stringNumbers: true });

async function pgPool(url) {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url });
  return { store: postgresStore(pool), end: () => pool.end() };
}
async function pgClient(url) {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { store: postgresStore(client), end: () => client.end() };
}
async function postgresJs(url) {
  const { default: postgres } = await import("postgres");
  const sql = postgres(url, { onnotice: () => {} });
  return { store: postgresStore(sql), end: () => sql.end() };
}

async function mysqlPool(url) {
  const { default: mysql } = await import("mysql2/promise.js");
  const pool = mysql.createPool(url);
  return { store: mysqlStore(pool), end: () => pool.end() };
}
async function mysqlCallbackPool(url) {
  const { default: mysql } = await import("mysql2");
  const pool = mysql.createPool(url);
  return { store: mysqlStore(pool), end: () => pool.promise().end() };
}
async function mysqlConnection(url) {
  const { default: mysql } = await import("mysql2/promise.js");
  const connection = await mysql.createConnection(url);
  return { store: mysqlStore(connection), end: () => connection.end() };
}

const sqlitePath = async (path) => ({ store: sqliteStore(path) });
async function libsqlDatabase(path) {
  const { default: Database } = await import("libsql");
  const database = new Database(path);
  return { store: sqliteStore(database), end: () => database.close() };
}

export const ways = {
  redisUrl,
  postgresUrl,
  mysqlUrl,
  memcachedUrl,
  redisClient,
  redisResp3,
  redisLegacyBuffers,
  redisPool,
  ioredisClient,
  ioredisPrefix,
  ioredisStringNumbers,
  pgPool,
  pgClient,
  postgresJs,
  mysqlPool,
  mysqlCallbackPool,
  mysqlConnection,
  sqlitePath,
  libsqlDatabase,
};
