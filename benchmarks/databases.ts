/** The real servers that stores are measured over: fresh ones, on free ports and in temporary folders, that write to the disk. */

import pg from "pg";
import { startPostgres } from "../test/servers/postgres.ts";
import { ask, startRedis } from "../test/servers/redis.ts";
import type { Part } from "./command.ts";

export interface Database {
  readonly url: string;
  /** For readers: the server, its version, and how it writes to the disk. */
  readonly about: string;
  close(): Promise<void>;
}

async function redis(): Promise<Database> {
  const server = await startRedis(["--appendonly", "yes", "--appendfsync", "everysec"]);
  const [, version] = /redis_version:(\S+)/.exec(await ask(server.port, "INFO server")) ?? [];
  return {
    url: `redis://127.0.0.1:${server.port}`,
    about: `Redis ${version}, appendfsync everysec`,
    close: () => server.close(),
  };
}

async function postgres(): Promise<Database> {
  const server = await startPostgres([], { durable: true });
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
  await client.end();
  const [version] = rows[0]?.server_version.split(" ") ?? [];
  return {
    url: server.url,
    about: `PostgreSQL ${version}, fsync and synchronous_commit on`,
    close: () => server.close(),
  };
}

/** Undefined for parts that need none. */
export async function startDatabase(part: Part): Promise<Database | undefined> {
  if (part === "redis") return redis();
  return part === "postgres" ? postgres() : undefined;
}
