/** Who is measured without a network. */
import type { Subject } from "../requests.ts";

export type InProcessBare = "node:http" | "Express" | "Fastify" | "Hono" | "Fetch handler";

export interface Group {
  readonly title: string;
  readonly sessions: number;
  readonly subjects: readonly Subject<InProcessBare>[];
}

export const MEMORY_FLOOR = "floor with the promises, memory";
export const SEALED_FLOOR = "floor with the promises, sealed";

const MEMORY: readonly Subject<InProcessBare>[] = [
  { name: "floor: Map", bare: "node:http" },
  { name: MEMORY_FLOOR, bare: "node:http" },
  { name: "Sojourn, memory", bare: "node:http", floor: MEMORY_FLOOR },
];

/** By how many sessions take turns: 5,000 outrun every small cache. */
export const GROUPS: readonly Group[] = [
  {
    title: "50 sessions",
    sessions: 50,
    subjects: [
      ...MEMORY,
      { name: SEALED_FLOOR, bare: "node:http" },
      { name: "Sojourn, sealed", bare: "node:http", floor: SEALED_FLOOR },
      { name: "@fastify/secure-session", bare: "Fastify", floor: SEALED_FLOOR },
      { name: "Express + Sojourn, memory", bare: "Express", floor: MEMORY_FLOOR },
      { name: "drop-in, memory", bare: "Express", floor: MEMORY_FLOOR },
      { name: "express-session, memory", bare: "Express", floor: MEMORY_FLOOR },
      { name: "Sojourn, Fetch, memory", bare: "Fetch handler" },
      { name: "Hono + Sojourn, memory", bare: "Hono" },
      { name: "hono-sessions, memory", bare: "Hono" },
    ],
  },
  { title: "5,000 sessions", sessions: 5_000, subjects: MEMORY },
];
