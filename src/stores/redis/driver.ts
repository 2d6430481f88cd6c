import { invalidOption } from "../../errors.ts";
import { isDecodable } from "../parts/percent.ts";
import type { RedisClient } from "./clients.ts";
import { type Connection, connect, quietly } from "./connection.ts";

/** What is used of the two drivers' modules to make a client. */
interface Connecting {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
}
interface NodeRedisModule {
  createClient(options: object): RedisClient & Connecting & { destroy(): void };
}
interface IoRedisModule {
  Redis: new (url: string, options: object) => RedisClient & Connecting & { disconnect(): void };
}

interface Opened {
  readonly connection: Connection;
  readonly end: () => void;
}

/** A specifier that bundlers do not follow: the drivers are the application's choice. */
async function load<T>(specifier: string): Promise<T | undefined> {
  try {
    return (await import(specifier)) as T;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Looked at here and at once: a driver's error would come with the first call, and hold the URL with the password in it. */
function isUsable(url: string): boolean {
  if (!/^rediss?:\/\/[^?#]*$/i.test(url) || !URL.canParse(url)) return false;
  return isDecodable(url) && /^\/?\d{0,5}$/.test(new URL(url).pathname);
}

/** Neither keeps commands for a connection that may come back: a write that was given up must not happen later. */
async function open(url: string): Promise<Opened> {
  const nodeRedis = await load<NodeRedisModule>("redis");
  if (nodeRedis) {
    // Left to itself it tries the first connection for ever, and a wrong URL would hang the start.
    let connected = false;
    const reconnectStrategy = (retries: number): number | false => (connected ? Math.min(retries * 50, 1000) : false);
    const client = nodeRedis.createClient({
      url,
      disableOfflineQueue: true,
      socket: { reconnectStrategy },
      // A timer for each command takes longer than all the rest of it; sessions have their own deadline for every call.
      commandOptions: { timeout: 0 },
      // It would look up "[::1]" as a name, to ask for notifications that few servers have, and fail.
      ...(new URL(url).hostname.startsWith("[") && { maintNotifications: "disabled" }),
    });
    const opened = await begin(client, () => client.destroy());
    connected = true;
    return opened;
  }
  const ioRedis = await load<IoRedisModule>("ioredis");
  if (!ioRedis) throw invalidOption("client", "a URL", "the package redis or ioredis to be installed");
  const client = new ioRedis.Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  });
  return begin(client, () => client.disconnect());
}

async function begin(client: RedisClient & Connecting, end: () => void): Promise<Opened> {
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    quietly(end)();
    throw error;
  }
  return { connection: connect(client), end: quietly(end) };
}

/** Connects with the first command, and again with the next one when that failed. */
export function connectByUrl(url: string): Connection {
  if (!isUsable(url)) {
    const expected =
      'a URL such as "redis://localhost:6379/0", without a query, and what is special in a password as %40';
    throw invalidOption("client", undefined, expected);
  }
  let opening: Promise<Opened> | undefined;
  const opened = (): Promise<Opened> => {
    opening ??= open(url).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    cluster: false,
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
