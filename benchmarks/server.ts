/** One server, a process of its own; tells where it listens, and how much CPU it has used so far. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { answerQuestions } from "./child.ts";
import { expressServers } from "./servers/express.ts";
import { fastifyServers } from "./servers/fastify.ts";
import { floors } from "./servers/floors.ts";
import { nodeServers } from "./servers/node.ts";
import { postgresServers } from "./servers/postgres.ts";
import { redisServers } from "./servers/redis.ts";

export type ServerQuestion = "port" | "cpu";

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

answerQuestions<ServerQuestion, number>((question) => {
  if (question === "port") return (server.address() as AddressInfo).port;
  const { user, system } = process.cpuUsage();
  return user + system;
});
