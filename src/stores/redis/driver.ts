/**
 * The connection that the store makes itself from a URL, by whichever of redis, ioredis and iovalkey is installed.
 * Clients of the application are in `connection.ts`.
 */
import { invalidOption, SessionError } from "../../errors.ts";
import { isDecodable } from "../parts/percent.ts";
import type { IoRedisClient, IoRedisSubscriber, NodeRedisClient, NodeRedisSubscriber } from "./clients.ts";
import { begin, type Connection, endOf, ioRedis, nodeRedis, type Opened, quietly } from "./connection.ts";

/** What is used of the drivers' modules to make a client. */
interface NodeRedisModule {
  createClient(options: object): NodeRedisClient & NodeRedisSubscriber;
}
type IoRedis = new (url: string, options: object) => IoRedisClient & IoRedisSubscriber;
interface IoRedisModule {
  readonly Redis?: IoRedis;
  /** All that ioredis 4 has. */
  readonly default?: IoRedis;
}

const DRIVERS = ["redis", "ioredis", "iovalkey"] as const;
type Driver = (typeof DRIVERS)[number];

/**
 * Each name is written out, so that bundlers can follow it, and in a `try` of its own, for webpack makes a driver that
 * is not installed an error of the build elsewhere, and a warning there.
 */
const imports: Record<Driver, () => Promise<unknown>> = {
  redis: async () => {
    try {
      return await import("redis");
    } catch (error) {
      return missing("redis", error);
    }
  },
  ioredis: async () => {
    try {
      return await import("ioredis");
    } catch (error) {
      return missing("ioredis", error);
    }
  },
  iovalkey: async () => {
    try {
      return await import("iovalkey");
    } catch (error) {
      return missing("iovalkey", error);
    }
  },
};

/** Undefined for one that is not installed. */
async function load<T>(driver: Driver): Promise<T | undefined> {
  return (await imports[driver]()) as T | undefined;
}

/** @throws SessionError for one that is there and does not load. */
function missing(driver: Driver, error: unknown): undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  if (isMissing && new RegExp(`['"]${driver}['"]`).test(String(message))) return undefined;
  throw new SessionError("SOJOURN_INVALID_OPTION", `Option "client": the package ${driver} cannot be loaded.`, error);
}

/** Valkey has schemes of its own, and the drivers do not know them. */
const asRedis = (url: string): string => url.replace(/^valkey(s?):/i, "redis$1:");

/**
 * Looked at here and at once: a driver's error would come with the first call, and hold the URL with the password in
 * it.
 */
function isUsable(url: string): boolean {
  if (!/^rediss?:\/\/[^?#]*$/i.test(url) || !URL.canParse(url)) return false;
  return isDecodable(url) && /^\/?\d{0,5}$/.test(new URL(url).pathname);
}

async function open(url: string, within: number): Promise<Opened> {
  const redis = await load<NodeRedisModule>("redis");
  if (redis) return openNodeRedis(redis, url, within);
  const module = (await load<IoRedisModule>("ioredis")) ?? (await load<IoRedisModule>("iovalkey"));
  const Redis = module?.Redis ?? module?.default;
  if (Redis) return openIoRedis(Redis, url, within);
  const expected = `the package ${DRIVERS.join(", or ")} to be installed, and not left out by a bundler`;
  throw invalidOption("client", "a URL", expected);
}

/** Neither keeps commands for a connection that may come back: a write that was given up must not happen later. */
async function openNodeRedis({ createClient }: NodeRedisModule, url: string, within: number): Promise<Opened> {
  // Left to itself it tries the first connection for ever, and a wrong URL would hang the start.
  let connected = false;
  const reconnectStrategy = (retries: number): number | false => (connected ? Math.min(retries * 50, 1000) : false);
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy, connectTimeout: within },
    // A timer for each command takes longer than all the rest of it; the store has one for all.
    commandOptions: { timeout: 0 },
    // It would look up "[::1]" as a name, to ask for notifications that few servers have, and fail.
    ...(new URL(url).hostname.startsWith("[") && { maintNotifications: "disabled" }),
  });
  const end = endOf(client);
  client.on("error", () => {});
  await begin(client.connect(), end, within);
  connected = true;
  return { connection: nodeRedis(client), end };
}

async function openIoRedis(Redis: IoRedis, url: string, within: number): Promise<Opened> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: within,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  });
  const end = quietly(() => client.disconnect());
  client.on("error", () => {});
  await begin(client.connect(), end, within);
  return { connection: ioRedis(client), end };
}

/** Connects with the first command, and again with the next one when that failed. */
export function connectByUrl(given: string, timeout: number): Connection {
  const url = asRedis(given);
  if (!isUsable(url)) {
    const expected =
      'a URL such as "redis://localhost:6379/0", without a query, and what is special in a password as %40';
    throw invalidOption("client", undefined, expected);
  }
  let opening: Promise<Opened> | undefined;
  const opened = (): Promise<Opened> => {
    opening ??= open(url, timeout).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    cluster: false,
    deaf: false,
    open: opened,
    another: (within) => open(url, within),
    send: async (key, args) => (await opened()).connection.send(key, args),
    masters: async () => (await opened()).connection.masters(),
    async subscribe(channel, onMessage, over) {
      const { connection } = await opened();
      over.throwIfAborted();
      return connection.subscribe(channel, onMessage, over);
    },
    async close() {
      const last = opening;
      opening = undefined;
      await last?.then(
        ({ end }) => end(),
        () => {},
      );
    },
  };
}
