import { cachedStore } from "../../src/stores/cached.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { contract } from "../support/contract.ts";
import { startPostgresAndRedis } from "../support/postgres-and-redis.ts";

const { postgres, redis } = await startPostgresAndRedis();

await contract({
  title: "PostgreSQL behind memory",
  durable: true,
  histories: 4,
  open: async (context) =>
    cachedStore(memoryStore({ clock: context.clock }), await postgres(context), { clock: context.clock }),
});

await contract({
  title: "Redis behind memory",
  durable: true,
  histories: 4,
  open: (context) => cachedStore(memoryStore({ clock: context.clock }), redis(context), { clock: context.clock }),
});

// A near store that the processes of a fleet share, each with connections of its own.
await contract({
  title: "PostgreSQL behind a Redis",
  durable: true,
  histories: 1,
  open: async (context) => cachedStore(redis(context), await postgres(context), { clock: context.clock }),
});
