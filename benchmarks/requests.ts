/**
 * Whole requests: the CPU time of the server's process, per request, over that of the same framework without sessions.
 * The servers take turns in short rounds, so that what else the machine does meets all of them alike, and every
 * comparison is made within one round.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACTIONS, type Action } from "./application.ts";
import { type Child, startChild } from "./child.ts";
import type { Load } from "./load.ts";
import type { ServerQuestion } from "./server.ts";
import { type Figure, figure } from "./statistics.ts";

export interface Subject {
  readonly name: string;
  /** The same framework without sessions. */
  readonly bare: string;
  /** The floor of its kind, or for a peer's neighbour the peer. */
  readonly floor?: string;
  /** Requests of one turn; slow ones need fewer for the same noise. */
  readonly requests?: number;
}

const TURN = 1_500;

const BARE = ["node:http", "Express", "Fastify"] as const;

export const SUBJECTS: readonly Subject[] = [
  { name: "floor: Map", bare: "node:http" },
  { name: "Sojourn, memory", bare: "node:http", floor: "floor: Map" },
  { name: "floor: SQLite", bare: "node:http" },
  { name: "Sojourn, SQLite", bare: "node:http", floor: "floor: SQLite" },
  { name: "floor: AES-256-GCM cookie", bare: "node:http" },
  { name: "Sojourn, sealed", bare: "node:http", floor: "floor: AES-256-GCM cookie" },
  { name: "Sojourn, sealed, tracked", bare: "node:http", floor: "floor: AES-256-GCM cookie" },
  { name: "iron-session", bare: "node:http", floor: "floor: AES-256-GCM cookie", requests: 500 },
  { name: "@fastify/secure-session", bare: "Fastify", floor: "floor: AES-256-GCM cookie" },
  { name: "Express + Sojourn, memory", bare: "Express", floor: "floor: Map" },
  { name: "express-session, memory", bare: "Express", floor: "floor: Map" },
  { name: "Express + Sojourn, SQLite", bare: "Express", floor: "floor: SQLite" },
  { name: "express-session, SQLite", bare: "Express", floor: "floor: SQLite", requests: 1_000 },
];

export interface Row {
  readonly name: string;
  readonly action: Action;
  /** Microseconds of CPU per request, over the bare framework's. */
  readonly added: Figure;
  /** Times the floor's, round by round. */
  readonly ratio: Figure | undefined;
}

export interface BareRow {
  readonly name: string;
  readonly total: Figure;
}

export interface RequestsResult {
  readonly bare: readonly BareRow[];
  readonly rows: readonly Row[];
  readonly rounds: number;
}

interface Running {
  readonly server: Child<ServerQuestion, number>;
  readonly port: number;
  readonly subject: Subject;
}

type Samples = Map<string, number[]>;

const id = (name: string, action: Action): string => `${name}\n${action}`;

/** @param built The folder of the built server and load generator. */
export async function measureRequests(
  built: string,
  subjects: readonly Subject[],
  rounds: number,
): Promise<RequestsResult> {
  const folder = mkdtempSync(join(tmpdir(), "sojourn-bench-"));
  const load = startChild<Load, number>(join(built, "load.js"));
  const running: Running[] = [];
  try {
    for (const name of BARE) running.push(await start(built, folder, { name, bare: name }));
    for (const subject of subjects) running.push(await start(built, folder, subject));
    const samples: Samples = new Map();
    for (let round = 0; round < rounds + 2; round++) {
      // Two rounds for the compilers; their figures are dropped.
      if (round === 2) samples.clear();
      for (const action of ["change", "read", "anonymous"] as const)
        for (const one of running) await turn(load, one, action, samples);
      process.stderr.write(round < 2 ? "." : "+");
    }
    process.stderr.write("\n");
    return summary(samples, subjects, rounds);
  } finally {
    load.stop();
    for (const { server } of running) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(built: string, folder: string, subject: Subject): Promise<Running> {
  const server = startChild<ServerQuestion, number>(join(built, "server.js"), [subject.name, folder]);
  return { server, port: await server.ask("port"), subject };
}

async function turn(load: Child<Load, number>, one: Running, action: Action, samples: Samples): Promise<void> {
  const { server, port, subject } = one;
  const requests = subject.requests ?? TURN;
  const before = await server.ask("cpu");
  await load.ask({ port, action, requests, counts: subject.name !== subject.bare });
  const each = ((await server.ask("cpu")) - before) / requests;
  const key = id(subject.name, action);
  samples.set(key, [...(samples.get(key) ?? []), each]);
}

function summary(samples: Samples, subjects: readonly Subject[], rounds: number): RequestsResult {
  const of = (name: string, action: Action): readonly number[] => samples.get(id(name, action)) ?? [];
  const added = (subject: Subject, action: Action): readonly number[] => {
    const bare = of(subject.bare, action);
    return of(subject.name, action).map((value, round) => value - (bare[round] as number));
  };
  const rows = subjects.flatMap((subject) =>
    ACTIONS.map((action): Row => {
      const mine = added(subject, action);
      const floor = SUBJECTS.find(({ name }) => name === subject.floor);
      const least = floor && of(floor.name, action).length > 0 ? added(floor, action) : undefined;
      // An anonymous request costs the floor nothing, and nothing is no measure.
      const comparable = least !== undefined && action !== "anonymous";
      const ratio = comparable ? figure(mine.map((value, round) => value / (least[round] as number))) : undefined;
      return { name: subject.name, action, added: figure(mine), ratio };
    }),
  );
  const bare = BARE.map((name) => ({ name, total: figure(of(name, "read")) }));
  return { bare, rows, rounds };
}
