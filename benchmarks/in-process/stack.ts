/**
 * One stack, a process of its own: it is asked to serve requests, and tells how much CPU one took. The visitors take turns, each
 * with a session of its own, and every answer is checked.
 */
import { setImmediate } from "node:timers/promises";
import { ACTIONS, type Action } from "../application.ts";
import { answerQuestions } from "../child.ts";
import { expressServers } from "../servers/express.ts";
import { fastifyServers } from "../servers/fastify.ts";
import { floors } from "../servers/floors.ts";
import { nodeServers } from "../servers/node.ts";
import { fetchStacks } from "./fetch.ts";
import { promisingFloors } from "./floors.ts";
import { cookieIn, type Exchange, overWire } from "./wire.ts";

export interface StackQuestion {
  readonly action: Action;
  readonly requests: number;
  readonly sessions: number;
}

const [name = "", bare = ""] = process.argv.slice(2);

async function makeExchange(): Promise<Exchange> {
  const overFetch = fetchStacks[name];
  if (overFetch) return overFetch();
  const servers = { ...floors, ...nodeServers, ...expressServers, ...fastifyServers, ...promisingFloors };
  const make = servers[name];
  if (!make) throw new Error(`There is no stack "${name}".`);
  return overWire(await make({ folder: "", url: "" }));
}

const exchange = await makeExchange();
const cookies: string[] = [];
const counts: number[] = [];

async function visit(at: number, action: Action): Promise<void> {
  const answer = await exchange(action, action === "anonymous" ? "" : (cookies[at] ?? ""));
  if (action === "change" && name !== bare) counts[at] = (counts[at] ?? 0) + 1;
  const expected = action === "anonymous" ? 0 : (counts[at] ?? 0);
  if (!answer.endsWith(`\r\n\r\ncount: ${expected}`)) throw new Error(`${name}, /${action}: ${answer}`);
  cookies[at] = (action === "change" ? cookieIn(answer) : undefined) ?? cookies[at] ?? "";
}

/** As many requests as one turn of the event loop brings. */
const A_TURN = 10;

/**
 * The event loop turns now and then, as it does between the packets of a real socket: where promises follow one another
 * without a pause, Node's queues keep what is done with, and the collector moves dead requests to the old space.
 */
async function visits({ action, requests, sessions }: StackQuestion): Promise<void> {
  for (let each = 0; each < requests; each++) {
    if (each % A_TURN === 0) await setImmediate();
    await visit(each % sessions, action);
  }
}

/** For the compilers. */
const WARM_UP = 6_000;
let largest = 0;

answerQuestions<StackQuestion, number>(async (question) => {
  if (question.sessions > largest) {
    largest = question.sessions;
    await visits({ ...question, action: "change", requests: largest });
    for (const action of ACTIONS) await visits({ ...question, action, requests: WARM_UP });
  }
  const before = process.cpuUsage();
  await visits(question);
  return process.cpuUsage(before).user / question.requests;
});
