/** How late the event loop is while 200 connections keep a server busy: what a slow step of one request does to all others. */
import { join } from "node:path";
import { startChild } from "./child.ts";
import type { Load } from "./load.ts";
import type { ServerQuestion } from "./server.ts";
import { type Figure, figure } from "./statistics.ts";

export interface Delay {
  readonly name: string;
  /** Milliseconds, the 99th percentile. */
  readonly late: Figure;
  /** Beside the server without sessions, round by round. */
  readonly ratio: Figure;
}

const BARE = "node:http";
const CONNECTIONS = 200;
const REQUESTS = 10_000;

export async function measureDelay(built: string, rounds: number): Promise<Delay[]> {
  const load = startChild<Load, number>(join(built, "load.js"));
  const servers = [BARE, "Sojourn, memory"].map((name) => ({
    name,
    server: startChild<ServerQuestion, number>(join(built, "server.js"), [name]),
    late: [] as number[],
  }));
  try {
    for (let round = -1; round < rounds; round++)
      for (const { name, server, late } of servers) {
        const question = { requests: REQUESTS, counts: name !== BARE, connections: CONNECTIONS };
        const port = await server.ask("port");
        await server.ask("delay");
        await load.ask({ ...question, port, action: round % 2 === 0 ? "read" : "change" });
        const found = await server.ask("delay");
        // The first round is for the compilers.
        if (round >= 0) late.push(found);
      }
  } finally {
    load.stop();
    for (const { server } of servers) server.stop();
  }
  const bare = servers[0]?.late ?? [];
  return servers.map(({ name, late }) => ({
    name,
    late: figure(late),
    ratio: figure(late.map((each, round) => each / (bare[round] as number))),
  }));
}
