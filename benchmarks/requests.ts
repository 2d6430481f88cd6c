/**
 * Whole requests: the CPU time of the server's process, per request, over that of the same framework without sessions.
 * The servers of a part take turns in short rounds, so that what else the machine does meets all of them alike, and every
 * comparison is made within one round.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action } from "./application.ts";
import { type Child, startChild } from "./child.ts";
import type { Load } from "./load.ts";
import type { ServerQuestion } from "./server.ts";
import { type Figure, figure } from "./statistics.ts";
import { BARE, type Bare } from "./subjects.ts";

const TURN = 1_500;

export interface Subject<Framework extends string = Bare> {
  readonly name: string;
  /** The same framework without sessions. */
  readonly bare: Framework;
  /** The floor of its kind. */
  readonly floor?: string;
  /** Requests of one turn; slow ones need fewer for the same noise. */
  readonly requests?: number;
}

interface Running {
  readonly server: Child<ServerQuestion, number>;
  readonly port: number;
  readonly subject: Subject;
}

const id = (name: string, action: Action): string => `${name}\n${action}`;

/** What was measured of some servers, round by round. */
export class Requests {
  readonly subjects: readonly Subject<string>[];
  readonly #samples = new Map<string, number[]>();

  constructor(subjects: readonly Subject<string>[]) {
    this.subjects = subjects;
  }

  add(name: string, action: Action, microseconds: number): void {
    const key = id(name, action);
    this.#samples.set(key, [...(this.#samples.get(key) ?? []), microseconds]);
  }

  clear(): void {
    this.#samples.clear();
  }

  /** Microseconds of CPU per request, of a whole request. */
  total(name: string, action: Action): readonly number[] {
    return this.#samples.get(id(name, action)) ?? [];
  }

  /** Over the bare framework's. */
  added(name: string, action: Action): readonly number[] | undefined {
    const subject = this.subjects.find((each) => each.name === name);
    if (!subject) return undefined;
    const bare = this.total(subject.bare, action);
    return this.total(name, action).map((value, round) => value - (bare[round] as number));
  }

  /** How many times as much one adds as the other does. */
  ratio(name: string, other: string, action: Action): Figure | undefined {
    const [mine, theirs] = [this.added(name, action), this.added(other, action)];
    return mine && theirs && figure(mine.map((value, round) => value / (theirs[round] as number)));
  }
}

export interface RequestsOptions {
  /** The folder of the built server and load generator. */
  readonly built: string;
  readonly subjects: readonly Subject[];
  readonly rounds: number;
  /** Of the database that the servers of this part need. */
  readonly url: string | undefined;
}

export async function measureRequests({ built, subjects, rounds, url }: RequestsOptions): Promise<Requests> {
  const folder = mkdtempSync(join(tmpdir(), "sojourn-bench-"));
  const load = startChild<Load, number>(join(built, "load.js"));
  const running: Running[] = [];
  const start = async (subject: Subject): Promise<void> => {
    const args = [subject.name, folder, ...(url === undefined ? [] : [url])];
    const server = startChild<ServerQuestion, number>(join(built, "server.js"), args);
    running.push({ server, port: await server.ask("port"), subject });
  };
  try {
    const isUsed = (name: Bare): boolean => subjects.some(({ bare }) => bare === name);
    for (const name of BARE.filter(isUsed)) await start({ name, bare: name });
    for (const subject of subjects) await start(subject);
    const requests = new Requests(subjects);
    for (let round = -2; round < rounds; round++) {
      // Two rounds for the compilers; their figures are dropped.
      if (round === 0) requests.clear();
      for (const action of ["change", "read", "anonymous"] as const)
        for (const one of running) requests.add(one.subject.name, action, await turn(load, one, action));
      process.stderr.write(round < 0 ? "." : "+");
    }
    process.stderr.write("\n");
    return requests;
  } finally {
    load.stop();
    for (const { server } of running) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns Microseconds of CPU per request. */
async function turn(load: Child<Load, number>, { server, port, subject }: Running, action: Action): Promise<number> {
  const requests = subject.requests ?? TURN;
  const before = await server.ask("cpu");
  await load.ask({ port, action, requests, counts: subject.name !== subject.bare });
  return ((await server.ask("cpu")) - before) / requests;
}
