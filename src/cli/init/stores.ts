/**
 * The stores that `sojourn init` offers: what is imported, what is called, and what is to be installed beside Sojourn.
 */
export interface StoreChoice {
  readonly import: string;
  readonly call: string;
  /** The driver's package; undefined when there is none. */
  readonly driver?: string;
  readonly summary: string;
}

export const STORES: ReadonlyMap<string, StoreChoice> = new Map([
  [
    "sqlite",
    {
      import: 'import { sqliteStore } from "sojourn/stores/sqlite";',
      call: 'sqliteStore("./sessions.db")',
      summary: "a file, one machine (on Node 20 also: npm install libsql)",
    },
  ],
  [
    "redis",
    {
      import: 'import { redisStore } from "sojourn/stores/redis";',
      call: 'redisStore(process.env.REDIS_URL ?? "redis://localhost:6379")',
      driver: "redis",
      summary: "REDIS_URL, any number of servers",
    },
  ],
  [
    "postgres",
    {
      import: 'import { postgresStore } from "sojourn/stores/postgres";',
      call: 'postgresStore(process.env.DATABASE_URL ?? "postgres://localhost/app")',
      driver: "pg",
      summary: "DATABASE_URL, any number of servers",
    },
  ],
  [
    "memory",
    {
      import: 'import { memoryStore } from "sojourn/stores/memory";',
      call: "memoryStore()",
      summary: "one process, gone with it: to try things",
    },
  ],
]);
