/** Who is measured in whole requests, part by part. */
import type { Part } from "./command.ts";
import type { Subject } from "./requests.ts";

/** Servers without sessions. */
export const BARE = ["node:http", "Express", "Fastify"] as const;
export type Bare = (typeof BARE)[number];

const MEMORY: readonly Subject[] = [
  { name: "floor: Map", bare: "node:http" },
  { name: "Sojourn, memory", bare: "node:http", floor: "floor: Map" },
  { name: "Express + Sojourn, memory", bare: "Express", floor: "floor: Map" },
  { name: "drop-in, memory", bare: "Express", floor: "floor: Map" },
  { name: "express-session, memory", bare: "Express", floor: "floor: Map" },
];

const SQLITE: readonly Subject[] = [
  { name: "floor: SQLite", bare: "node:http" },
  { name: "Sojourn, SQLite", bare: "node:http", floor: "floor: SQLite" },
  { name: "Express + Sojourn, SQLite", bare: "Express", floor: "floor: SQLite" },
  { name: "express-session, SQLite", bare: "Express", floor: "floor: SQLite", requests: 1_000 },
];

const COOKIE = "floor: AES-256-GCM cookie";
const SEALED: readonly Subject[] = [
  { name: COOKIE, bare: "node:http" },
  { name: "Sojourn, sealed", bare: "node:http", floor: COOKIE },
  { name: "Sojourn, sealed, tracked", bare: "node:http", floor: COOKIE },
  { name: "iron-session", bare: "node:http", floor: COOKIE, requests: 500 },
  { name: "@fastify/secure-session", bare: "Fastify", floor: COOKIE },
];

const REDIS: readonly Subject[] = [
  { name: "floor: Redis, node-redis", bare: "node:http" },
  { name: "Sojourn, Redis, node-redis", bare: "node:http", floor: "floor: Redis, node-redis" },
  { name: "floor: Redis, ioredis", bare: "node:http" },
  { name: "Sojourn, Redis, ioredis", bare: "node:http", floor: "floor: Redis, ioredis" },
  { name: "Express + Sojourn, Redis", bare: "Express", floor: "floor: Redis, node-redis" },
  { name: "drop-in, Redis", bare: "Express", floor: "floor: Redis, node-redis" },
  { name: "express-session, Redis", bare: "Express", floor: "floor: Redis, node-redis" },
];

const POSTGRES: readonly Subject[] = [
  { name: "floor: PostgreSQL", bare: "node:http" },
  { name: "Sojourn, PostgreSQL", bare: "node:http", floor: "floor: PostgreSQL" },
  { name: "Express + Sojourn, PostgreSQL", bare: "Express", floor: "floor: PostgreSQL" },
  { name: "express-session, PostgreSQL", bare: "Express", floor: "floor: PostgreSQL" },
];

/** Empty for parts that measure something else. */
export const SUBJECTS: Readonly<Record<Part, readonly Subject[]>> = {
  memory: MEMORY,
  sqlite: SQLITE,
  sealed: SEALED,
  redis: REDIS,
  postgres: POSTGRES,
  pieces: [],
  growth: [],
  "in-process": [],
  start: [],
  delay: [],
};
