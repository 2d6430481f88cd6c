/**
 * One server, a process of its own; tells where it listens, how much CPU it has used so far, and how late the event loop
 * was since it was last asked.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { answerQuestions } from "./child.ts";
import { expressServers } from "./servers/express.ts";
import { fastifyServers } from "./servers/fastify.ts";
import { floors } from "./servers/floors.ts";
import { nodeServers } from "./servers/node.ts";
import { postgresServers } from "./servers/postgres.ts";
import { redisServers } from "./servers/redis.ts";

export type ServerQuestion = "port" | "cpu" | "delay";

const [name = "", folder = "", url = ""] = process.argv.slice(2);
const servers = {
  ...floors,
  ...nodeServers,
  ...expressServers,
  ...fastifyServers,
  ...redisServers,
  ...postgresServers,
};
const make = servers[name];
if (!make) throw new Error(`There is no server "${name}".`);

const server: Server = await make({ folder, url });
// Connections stay open while other servers have their turn.
server.keepAliveTimeout = 600_000;
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

/** Milliseconds between two looks at the clock. */
const RESOLUTION = 1;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION });

/** @returns Milliseconds, the 99th percentile since the last question. It is watched from the first question on. */
function delay(): number {
  const late = delays.percentile(99) / 1e6;
  delays.enable();
  delays.reset();
  return late;
}

answerQuestions<ServerQuestion, number>((question) => {
  if (question === "port") return (server.address() as AddressInfo).port;
  if (question === "delay") return delay();
  const { user, system } = process.cpuUsage();
  return user + system;
});
