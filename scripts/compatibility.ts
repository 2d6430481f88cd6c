/**
 * Which drivers are opened in which way, in which versions and on which runtimes: test/package/drivers runs every line
 * of it, and docs/compatibility.md is made of it, so that the page cannot say what was not run.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.ts";

/** Where the older majors are, by `npm ci` in tools/drivers. */
export const drivers: string = join(root, "tools/drivers");

/** The servers that are started for it. */
export type Server = "redis" | "postgres" | "mysql" | "memcached" | "file";

/** One way of opening a store; the function of that name in test/package/driver-apps/ways.mjs. */
interface Way {
  readonly way: string;
  /** For the page. */
  readonly title: string;
  /** The first major that has it. Default: every one. */
  readonly since?: number;
  /** The code that it is refused with. Default: it works. */
  readonly refused?: string;
}

interface Driver {
  readonly store: string;
  readonly server: Server;
  /** Its name on npm; none where the store speaks to the server by itself. */
  readonly name?: string;
  /** The folders of older versions in tools/drivers. */
  readonly older: readonly string[];
  readonly ways: readonly Way[];
}

export const compatibility: readonly Driver[] = [
  {
    store: "Redis, Valkey",
    server: "redis",
    name: "redis",
    older: ["redis-4", "redis-5"],
    ways: [
      { way: "redisUrl", title: "a URL" },
      { way: "redisClient", title: "a client" },
      { way: "redisPool", title: "a pool", since: 5 },
      { way: "redisResp3", title: "a client with `RESP: 3`", since: 5 },
      { way: "redisLegacyBuffers", title: "a client with Buffers by `typeMapping`", since: 5 },
    ],
  },
  {
    store: "Redis, Valkey",
    server: "redis",
    name: "ioredis",
    older: ["ioredis-4", "ioredis-5"],
    ways: [
      { way: "redisUrl", title: "a URL" },
      { way: "ioredisClient", title: "a client" },
      { way: "ioredisStringNumbers", title: "a client with `stringNumbers`" },
      { way: "ioredisPrefix", title: "a client with `keyPrefix`", refused: "SOJOURN_INVALID_OPTION" },
    ],
  },
  {
    store: "PostgreSQL",
    server: "postgres",
    name: "pg",
    older: ["pg-8.4"],
    ways: [
      { way: "postgresUrl", title: "a URL" },
      { way: "pgPool", title: "a `Pool`" },
      { way: "pgClient", title: "a `Client`" },
    ],
  },
  {
    store: "PostgreSQL",
    server: "postgres",
    name: "postgres",
    older: ["postgres-3.0"],
    ways: [
      { way: "postgresUrl", title: "a URL" },
      { way: "postgresJs", title: "`sql`" },
    ],
  },
  {
    store: "MySQL, MariaDB",
    server: "mysql",
    name: "mysql2",
    older: ["mysql2-2"],
    ways: [
      { way: "mysqlUrl", title: "a URL" },
      { way: "mysqlPool", title: "a pool of `mysql2/promise`" },
      { way: "mysqlCallbackPool", title: "a pool of `mysql2`" },
      { way: "mysqlConnection", title: "a connection" },
    ],
  },
  {
    store: "SQLite",
    server: "file",
    name: "libsql",
    older: ["libsql-0.3", "libsql-0.4"],
    ways: [
      { way: "sqlitePath", title: "a path" },
      { way: "libsqlDatabase", title: "a database object" },
    ],
  },
  { store: "memcached", server: "memcached", older: [], ways: [{ way: "memcachedUrl", title: "a URL" }] },
];

/** Where a version of a driver is, and which one it is. */
interface Version {
  readonly title: string;
  readonly folder: string;
  readonly version: string;
}

function locked(folder: string, at: string): string {
  const text = readFileSync(join(folder, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, { version: string }> };
  return packages[`node_modules/${at}`]?.version ?? "";
}

/** The version that the project itself is tested with, after the older ones. */
export function versionsOf({ name, older }: { name: string; older: readonly string[] }): readonly Version[] {
  const places = [...older.map((at) => [drivers, at] as const), [root, name] as const];
  return places.map(([folder, at]) => {
    const version = locked(folder, at);
    return { title: `${name} ${version}`, folder: join(folder, "node_modules", at), version };
  });
}

/** The newest of every driver. */
export function newestOf(): readonly { readonly name: string; readonly folder: string }[] {
  return compatibility.flatMap(({ name }) =>
    name === undefined ? [] : [{ name, folder: join(root, "node_modules", name) }],
  );
}

/** Whether that version has it. */
export function hasWay({ since = 0 }: Way, version: string): boolean {
  return version === "" || Number(version.split(".")[0]) >= since;
}

/** What is opened on every runtime; a URL takes the first driver that is installed. */
export const everywhere: readonly { readonly server: Server; readonly way: string; readonly title: string }[] = [
  { server: "redis", way: "redisUrl", title: "Redis by URL" },
  { server: "redis", way: "redisClient", title: "redis" },
  { server: "redis", way: "ioredisClient", title: "ioredis" },
  { server: "postgres", way: "postgresUrl", title: "PostgreSQL by URL" },
  { server: "postgres", way: "pgPool", title: "pg" },
  { server: "postgres", way: "postgresJs", title: "postgres" },
  { server: "mysql", way: "mysqlPool", title: "mysql2" },
  { server: "memcached", way: "memcachedUrl", title: "memcached" },
  { server: "file", way: "sqlitePath", title: "SQLite by path" },
];
