/**
 * CPU that sessions add to a request, without a network: each stack in three processes of its own in turn, for two processes of the
 * same code differ by up to two microseconds; of each the median of its rounds.
 */
import { join } from "node:path";
import { ACTIONS } from "../application.ts";
import { type Child, startChild } from "../child.ts";
import { Requests, type Subject } from "../requests.ts";
import { figure } from "../statistics.ts";
import type { StackQuestion } from "./stack.ts";
import type { Group, InProcessBare } from "./subjects.ts";

const PROCESSES = 3;
const REQUESTS = 2_000;

export interface InProcess {
  readonly group: Group;
  readonly requests: Requests;
}

export async function measureInProcess(built: string, group: Group, rounds: number): Promise<InProcess> {
  const requests = new Requests(group.subjects);
  for (let each = 0; each < PROCESSES; each++) await measureOnce(built, group, rounds, requests);
  process.stderr.write("\n");
  return { group, requests };
}

function withBares({ subjects }: Group): readonly Subject<InProcessBare>[] {
  const bares = new Set(subjects.map(({ bare }) => bare));
  return [...[...bares].map((name) => ({ name, bare: name })), ...subjects];
}

async function measureOnce(built: string, group: Group, rounds: number, requests: Requests): Promise<void> {
  const file = join(built, "in-process/stack.js");
  const running = withBares(group).map(({ name, bare }) => ({
    name,
    child: startChild<StackQuestion, number>(file, [name, bare]) as Child<StackQuestion, number>,
    found: { read: [], change: [], anonymous: [] } as Record<(typeof ACTIONS)[number], number[]>,
  }));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const action of ACTIONS)
        for (const { child, found } of running)
          found[action].push(await child.ask({ action, requests: REQUESTS, sessions: group.sessions }));
      process.stderr.write(".");
    }
  } finally {
    for (const { child } of running) child.stop();
  }
  for (const { name, found } of running)
    for (const action of ACTIONS) requests.add(name, action, figure(found[action]).median);
}
