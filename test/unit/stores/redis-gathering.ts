/** A Redis server with two clients, and what the tests of gathered commands say about records. */
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeEach } from "vitest";
import type { SessionRecord, Version } from "../../../src/record.ts";
import type { RedisClient, RedisStore } from "../../../src/stores/redis.ts";
import type { UpdateResult } from "../../../src/stores/store.ts";
import { ask, startRedis } from "../../servers/redis.ts";

export const server = await startRedis(["--maxmemory-policy", "noeviction"]);
export const admin = new Redis(server.port, "127.0.0.1");
export const node = await createClient({ url: `redis://127.0.0.1:${server.port}` })
  .on("error", () => {})
  .connect();
afterAll(async () => {
  node.destroy();
  admin.disconnect();
  await server.close();
});
beforeEach(async () => {
  await admin.flushall();
});

export const clients: readonly (readonly [string, RedisClient])[] = [
  ["node-redis", node],
  ["ioredis", admin],
];

export const record = (payload: string, changes: Partial<SessionRecord> = {}): SessionRecord => ({
  payload,
  createdAt: 1,
  seenAt: 2,
  expiresAt: Date.now() + 3_600_000,
  ...changes,
});

/** Fresh records, by key. */
export async function created(store: RedisStore, ...keys: readonly string[]): Promise<Map<string, Version>> {
  const versions = await Promise.all(keys.map((key) => store.create(key, record("first"))));
  return new Map(keys.map((key, index) => [key, versions[index] as Version]));
}

export const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}-session`);

/** What the server did for clients meanwhile, scripts' own commands left out: `{ mget: 1 }`. */
export async function counting(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await ask(server.port, "CONFIG RESETSTAT");
  await work();
  const stats = await ask(server.port, "INFO commandstats");
  const calls = [...stats.matchAll(/cmdstat_(mget|get|eval|evalsha):calls=(\d+)/g)];
  return Object.fromEntries(calls.map(([, name, count]) => [name, Number(count)]));
}

export const statuses = (results: readonly UpdateResult[]): string[] => results.map(({ status }) => status);

/** "ok" and the like, or the server's own word for what failed. */
export async function outcomes(calls: readonly Promise<UpdateResult>[]): Promise<string[]> {
  return (await Promise.allSettled(calls)).map((each) =>
    each.status === "fulfilled" ? each.value.status : (/[A-Z]{3,}/.exec(String(each.reason))?.[0] ?? "failed"),
  );
}

/** A client that carries out scripts of several keys as `many` says, and keeps what was sent. */
export function command(many: (args: string[]) => Promise<unknown>, sent: string[][] = []): RedisClient {
  return {
    command(args) {
      sent.push(args);
      return args[0] === "EVALSHA" && Number(args[2]) > 1 ? many(args) : carryOut(args);
    },
  };
}

export const carryOut = ([name = "", ...rest]: string[]): Promise<unknown> => admin.call(name, ...rest);
