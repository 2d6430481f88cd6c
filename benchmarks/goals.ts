/** What the project wants of itself, and whether a run has shown it. */
import type { Action } from "./application.ts";
import { GROUPS, MEMORY_FLOOR, SEALED_FLOOR } from "./in-process/subjects.ts";
import { addedBy, type Results, ratioOf } from "./results.ts";
import { type Figure, figure } from "./statistics.ts";

export interface Goal {
  readonly what: string;
  /** What it is compared with, or the unit. */
  readonly measure: string;
  readonly atMost: number;
  /** Undefined when the run has not measured it. */
  readonly found: Figure | undefined;
}

const READ_AND_CHANGE = ["read", "change"] as const satisfies readonly Action[];

/** A goal for reading and one for changing, of what one server adds over what another does. */
function times(results: Results, atMost: number, name: string, other: string): Goal[] {
  return READ_AND_CHANGE.map((action) => ({
    what: `${name}: ${action}`,
    measure: `× ${other}`,
    atMost,
    found: ratioOf(results, name, other, action),
  }));
}

function microseconds(results: Results, atMost: number, name: string, action: Action): Goal {
  const added = addedBy(results, name, action);
  return { what: `${name}: ${action}`, measure: "µs", atMost, found: added && figure(added) };
}

/** Of a piece beside the least that does it. */
function piece({ pieces }: Results, atMost: number, name: string, other: string): Goal {
  return { what: name, measure: `× ${other}`, atMost, found: pieces.find((each) => each.name === name)?.ratio };
}

/** Microseconds that one piece takes over its floor. */
function difference({ pieces }: Results, atMost: number, name: string): Goal {
  const { ours, floor } = pieces.find((each) => each.name === name) ?? {};
  return { what: name, measure: "µs more", atMost, found: ours && floor && exactly(ours.median - floor.median) };
}

function late({ delay }: Results, atMost: number, name: string, other: string): Goal {
  const found = delay.find((each) => each.name === name)?.ratio;
  return { what: `${name}: event loop's delay, 200 connections, p99`, measure: `× ${other}`, atMost, found };
}

const exactly = (value: number): Figure => ({ median: value, low: value, high: value });

function growth({ growth }: Results): Goal[] {
  const what = "memory store, a million sessions of 300 B";
  return [
    {
      what: `${what}: each over its key`,
      measure: "bytes",
      atMost: 450,
      found: growth && exactly(growth.bytesEach),
    },
    {
      what: `${what}: longest slice of the sweep`,
      measure: "ms",
      atMost: 10,
      found: growth && exactly(growth.sweep[2]),
    },
  ];
}

/** Of a request without a network: what one adds over what another does, in a group. */
function straight({ inProcess }: Results, group: number, name: string, other: string, most: readonly number[]): Goal[] {
  const { title = "" } = GROUPS[group] ?? {};
  return READ_AND_CHANGE.map((action, at) => ({
    what: `${name}, ${title}: ${action}`,
    measure: `× ${other}`,
    atMost: most[at] ?? Number.NaN,
    found: inProcess[group]?.requests.ratio(name, other, action),
  }));
}

function anonymous({ inProcess }: Results, name: string, atMost: number): Goal {
  const added = inProcess[0]?.requests.added(name, "anonymous");
  return { what: `${name}: anonymous, untouched`, measure: "µs", atMost, found: added && figure(added) };
}

/** What the straight path is to cost. */
function straightGoals(results: Results): Goal[] {
  const started = results.start.find(({ name }) => name === "Sojourn, memory");
  return [
    ...straight(results, 0, "Sojourn, memory", MEMORY_FLOOR, [1.8, 2]),
    ...straight(results, 1, "Sojourn, memory", MEMORY_FLOOR, [1.8, 2]),
    ...straight(results, 0, "Sojourn, sealed", SEALED_FLOOR, [1.4, 1.4]),
    ...straight(results, 0, "Sojourn, sealed", "@fastify/secure-session", [1.1, 1.4]),
    ...straight(results, 0, "Express + Sojourn, memory", "express-session, memory", [0.3, 0.5]),
    ...straight(results, 0, "drop-in, memory", "express-session, memory", [0.5, 0.5]),
    ...straight(results, 0, "Hono + Sojourn, memory", "hono-sessions, memory", [0.03, 0.05]),
    anonymous(results, "Sojourn, memory", 0.5),
    anonymous(results, "Express + Sojourn, memory", 3),
    { what: "import, createSessions, memory, in a new process", measure: "ms", atMost: 18, found: started?.added },
  ];
}

/** Those that the run has measured. */
export function goalsOf(results: Results): readonly Goal[] {
  const over = (atMost: number, name: string, other: string): Goal[] => times(results, atMost, name, other);
  const goals = [
    ...straightGoals(results),
    ...over(1.5, "Sojourn, memory", "floor: Map"),
    microseconds(results, 60, "Sojourn, SQLite", "read"),
    microseconds(results, 90, "Sojourn, SQLite", "change"),
    ...over(1.5, "Sojourn, sealed", "floor: AES-256-GCM cookie"),
    ...over(1.3, "Sojourn, sealed", "@fastify/secure-session"),
    ...over(1.5, "Sojourn, Redis, node-redis", "floor: Redis, node-redis"),
    ...over(1.5, "Sojourn, Redis, ioredis", "floor: Redis, ioredis"),
    ...over(0.5, "Sojourn, PostgreSQL", "express-session, PostgreSQL"),
    ...over(0.5, "Express + Sojourn, PostgreSQL", "express-session, PostgreSQL"),
    ...["memory", "SQLite", "Redis"].flatMap((store) =>
      over(0.25, `Express + Sojourn, ${store}`, `express-session, ${store}`),
    ),
    ...["memory", "Redis"].flatMap((store) => over(0.5, `drop-in, ${store}`, `express-session, ${store}`)),
    piece(results, 1.15, "seal 200 B (XAES-256-GCM)", "hand-written AES-256-GCM"),
    piece(results, 1.15, "open 200 B (XAES-256-GCM)", "hand-written AES-256-GCM"),
    piece(results, 1.35, "compare-and-set, node-redis, beside SET (elapsed)", "SET"),
    piece(results, 1.35, "compare-and-set, ioredis, beside SET (elapsed)", "SET"),
    difference(results, 20, "open and commit 100 kB that nobody looks at, beside 200 B"),
    late(results, 1.5, "Sojourn, memory", "node:http"),
    ...growth(results),
  ];
  return goals.filter(({ found }) => found !== undefined);
}
