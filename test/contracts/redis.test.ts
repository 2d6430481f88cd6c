import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, afterEach } from "vitest";
import { redisStore } from "../../src/stores/redis.ts";
import { ask, startRedis } from "../servers/redis.ts";
import { contract } from "../support/contract.ts";

const server = await startRedis();
const node = await createClient({ url: `redis://127.0.0.1:${server.port}` })
  .on("error", () => {})
  .connect();
const io = new Redis(server.port, "127.0.0.1");
afterAll(async () => {
  node.destroy();
  io.disconnect();
  await server.close();
});
// Every case has a prefix of its own; what earlier ones left behind only makes scans longer.
afterEach(() => ask(server.port, "FLUSHALL"));

const clients = {
  "node-redis": () => node,
  ioredis: () => io,
  "a command function": () => ({
    command: ([command = "", ...args]: string[]) => io.call(command, ...args),
    async subscribe(channel: string, onMessage: (message: string) => void) {
      const subscriber = io.duplicate();
      subscriber.on("message", (_channel, message) => onMessage(message));
      await subscriber.subscribe(channel);
      return () => subscriber.disconnect();
    },
  }),
};

for (const [name, client] of Object.entries(clients)) {
  await contract({
    title: `with ${name}`,
    handles: "shared",
    durable: true,
    histories: name === "node-redis" ? 12 : 3,
    open: (context) => redisStore(client(), { clock: context.clock, prefix: `${context.name}:`, timeout: 60_000 }),
  });
}
