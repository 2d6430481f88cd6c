/**
 * Every kind of client in one form, `Connection`: those of `redis`, `ioredis` and `iovalkey`, and any object with
 * `command`. A client for a URL is made in `driver.ts`.
 */
import { type Awaitable, isPromise } from "../../awaitable.ts";
import { invalidOption, SessionError } from "../../errors.ts";
import { clearTimeout, setTimeout } from "../parts/timers.ts";
import type {
  CommandClient,
  IoRedisClient,
  IoRedisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  NodeRedisSentinel,
  NodeRedisSubscriber,
  RedisClient,
} from "./clients.ts";

/** Sends a command to one server. */
export type Send = (args: string[]) => Promise<unknown>;

/** A client of any kind, as the store sees it. */
export interface Connection {
  /** Whether keys are spread over slots, so that a script reaches one of them only. */
  readonly cluster: boolean;
  /** Loads the driver and connects, where the store does that: no answer is late before. */
  open?(): Promise<unknown>;
  /** Sends a command to the master that has the key. */
  send(key: string | undefined, args: string[]): Promise<unknown>;
  /** Every master, in an order that stays the same while the topology does. */
  masters(): Promise<readonly Send[]>;
  /** Resolves when the server has taken the subscription. `over` ends one that is still waiting for a server, too. */
  subscribe(channel: string, onMessage: (message: string) => void, over: AbortSignal): Promise<() => void>;
  /** Whether the client cannot subscribe. */
  readonly deaf: boolean;
  /**
   * Makes another connection to the same server, within so many milliseconds; absent where the client sees to its
   * connections itself.
   */
  readonly another?: ((within: number) => Promise<Opened>) | undefined;
  /** Ends a client that the store has made. */
  close?(): Promise<void>;
}

/** A connection of the store's own. */
export interface Opened {
  readonly connection: Connection;
  readonly end: () => void;
}

/** Waits until a client of the store's own has connected, and ends it when it has not in time. */
export async function begin(connecting: Promise<unknown>, end: () => void, within: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection to Redis within ${within} ms`)), within);
  });
  try {
    await Promise.race([connecting, late]);
  } catch (error) {
    end();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const has = (client: object, ...names: readonly string[]): boolean =>
  names.every(
    (name) => name in client && (name === "masters" || typeof client[name as keyof typeof client] === "function"),
  );

/** Something that stops, and may fail at it when the connection is gone already. */
export const quietly =
  (stop: () => unknown): (() => void) =>
  () => {
    try {
      void Promise.resolve(stop()).catch(() => {});
    } catch {
      // Gone already.
    }
  };

/** The store's view of a client, which stays the application's. */
export function connect(client: RedisClient): Connection {
  if (typeof client === "object" && client !== null) {
    if (has(client, "sendCommand", "nodeClient", "masters")) return nodeRedisCluster(client as NodeRedisCluster);
    if (has(client, "sendCommand", "acquire", "subscribe")) return nodeRedisSentinel(client as NodeRedisSentinel);
    checkVersion(client);
    if (has(client, "call", "nodes")) return ioRedisCluster(client as IoRedisCluster);
    // ioredis has sendCommand too, which takes an object of its own.
    if (has(client, "call", "duplicate")) return ioRedis(client as IoRedisClient);
    if (has(client, "sendCommand", "duplicate")) return nodeRedis(client as NodeRedisClient);
    // Before `command`, which is a command of Redis to it.
    if (has(client, "sendCommand", "execute")) return nodeRedisPool(client as NodeRedisPool);
    if (has(client, "command")) return commandClient(client as CommandClient);
  }
  throw invalidOption("client", client, "a client of redis, ioredis or iovalkey, or an object with command(args)");
}

/** What would look like it works: clients whose calls mean something else. */
function checkVersion(client: object): void {
  // Of redis 3 and before; it calls back, and takes a name and a list.
  if (has(client, "internal_send_command")) {
    throw invalidOption("client", client, "a client of redis 4 or newer, not 3");
  }
  const { keyPrefix } = (client as { options?: { keyPrefix?: unknown } | null }).options ?? {};
  if (typeof keyPrefix === "string" && keyPrefix !== "") throw renames();
}

/** Scripts make names themselves, so a client must not change those that it sees. */
export function renames(): SessionError {
  return new SessionError(
    "SOJOURN_INVALID_OPTION",
    'Option "client": expected a client that leaves the names of keys as they are, found one with keyPrefix. Give ' +
      'the store client.duplicate({ keyPrefix: "" }), and its own option "prefix".',
  );
}

function single(
  send: Send,
  subscribe: Connection["subscribe"],
  another?: Connection["another"],
  deaf = false,
): Connection {
  return { cluster: false, deaf, another, send: (_key, args) => send(args), masters: async () => [send], subscribe };
}

/** Not for the store: a client whose application wants Buffers is to give text here. */
const AS_TEXT = { typeMapping: {} };

/** `redis` 4 has another word for it. */
export const endOf = (client: NodeRedisSubscriber): (() => void) =>
  quietly(() => (client.destroy === undefined ? client.disconnect?.() : client.destroy()));

export function nodeRedis(client: NodeRedisClient): Connection {
  return overNodeRedis(client, () => client.duplicate());
}

/** A pool gives its clients away for a moment only: who subscribes is made from one of them. */
function nodeRedisPool(pool: NodeRedisPool): Connection {
  return overNodeRedis(pool, () => pool.execute(async (client) => client.duplicate()));
}

function overNodeRedis(
  client: Pick<NodeRedisClient, "sendCommand">,
  duplicate: () => Awaitable<NodeRedisSubscriber>,
): Connection {
  return single(
    (args) => client.sendCommand(args, AS_TEXT),
    async (channel, onMessage, over) => {
      const made = duplicate();
      const subscriber = isPromise(made) ? await made : made;
      over.throwIfAborted();
      const stop = endOf(subscriber);
      // It reconnects by itself and subscribes again; without a listener an error would end the process.
      subscriber.on("error", () => {});
      over.addEventListener("abort", stop);
      try {
        await subscriber.connect();
        await subscriber.subscribe(channel, onMessage);
      } catch (error) {
        stop();
        throw error;
      }
      return stop;
    },
    async (within) => {
      const copy = await duplicate();
      const end = endOf(copy);
      copy.on("error", () => {});
      await begin(copy.connect(), end, within);
      return { connection: nodeRedis(copy), end };
    },
  );
}

function nodeRedisSentinel(client: NodeRedisSentinel): Connection {
  return single(
    (args) => client.sendCommand(false, args, AS_TEXT),
    async (channel, onMessage) => {
      await client.subscribe(channel, onMessage);
      return quietly(() => client.unsubscribe(channel, onMessage as never));
    },
  );
}

function nodeRedisCluster(client: NodeRedisCluster): Connection {
  return {
    cluster: true,
    deaf: false,
    send: (key, args) => client.sendCommand(key, false, args, AS_TEXT),
    masters: async () => {
      const nodes = await Promise.all(client.masters.map((node) => client.nodeClient(node as never)));
      return nodes.map(
        (node): Send =>
          (args) =>
            node.sendCommand(args, AS_TEXT),
      );
    },
    async subscribe(channel, onMessage) {
      await client.subscribe(channel, onMessage);
      return quietly(() => client.unsubscribe(channel, onMessage as never));
    },
  };
}

/** ioredis finds the slot by the keys in the arguments. */
const callOf =
  (client: { call(command: string, ...args: string[]): Promise<unknown> }): Send =>
  ([command = "", ...args]) =>
    client.call(command, ...args).catch((error: unknown) => {
      // It hangs the arguments on its errors: the session's data, on its way to a log.
      if (error instanceof Error && "command" in error) delete error.command;
      throw error;
    });

function ioRedisSubscription(client: IoRedisClient): Connection["subscribe"] {
  return async (channel, onMessage, over) => {
    // Other than a request, a subscription is to wait for its connection.
    // And what it asked when the connection was lost is asked again, or after two losses in a row nobody would have
    // subscribed.
    const subscriber = client.duplicate({
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      autoResendUnfulfilledCommands: true,
    });
    const stop = quietly(() => subscriber.disconnect());
    over.addEventListener("abort", stop);
    subscriber.on("error", () => {});
    subscriber.on("message", (from: string, message: string) => {
      if (from === channel) onMessage(message);
    });
    try {
      await subscriber.subscribe(channel);
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  };
}

export function ioRedis(client: IoRedisClient): Connection {
  return single(callOf(client), ioRedisSubscription(client), async (within) => {
    const copy = client.duplicate({ lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    const end = quietly(() => copy.disconnect());
    copy.on("error", () => {});
    await begin(copy.connect(), end, within);
    return { connection: ioRedis(copy), end };
  });
}

function ioRedisCluster(client: IoRedisCluster): Connection {
  const call = callOf(client);
  return {
    cluster: true,
    deaf: false,
    send: (_key, args) => call(args),
    masters: async () => client.nodes("master").map(callOf),
    async subscribe(channel, onMessage) {
      const onAny = (from: string, message: string): void => {
        if (from === channel) onMessage(message);
      };
      client.on("message", onAny);
      await client.subscribe(channel);
      return quietly(() => {
        client.off("message", onAny);
        // Another store over the same client may listen on the same channel.
        return client.listenerCount("message") === 0 ? client.unsubscribe(channel) : undefined;
      });
    },
  };
}

function commandClient(client: CommandClient): Connection {
  return single(
    (args) => client.command(args),
    async (channel, onMessage) => {
      const stop = await client.subscribe?.(channel, onMessage);
      return quietly(() => stop?.());
    },
    undefined,
    client.subscribe === undefined,
  );
}
