import { invalidOption } from "../../errors.ts";
import type {
  CommandClient,
  IoRedisClient,
  IoRedisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from "./clients.ts";

/** Sends a command to one server. */
export type Send = (args: string[]) => Promise<unknown>;

/** A client of any kind, as the store sees it. */
export interface Connection {
  /** Whether keys are spread over slots, so that a script reaches one of them only. */
  readonly cluster: boolean;
  /** Sends a command to the master that has the key. */
  send(key: string | undefined, args: string[]): Promise<unknown>;
  /** Every master, in an order that stays the same while the topology does. */
  masters(): Promise<readonly Send[]>;
  /** Resolves when the server has taken the subscription. `over` ends one that is still waiting for a server, too. */
  subscribe(channel: string, onMessage: (message: string) => void, over: AbortSignal): Promise<() => void>;
  /** Ends a client that the store has made. */
  close?(): Promise<void>;
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
    if (has(client, "call", "nodes")) return ioRedisCluster(client as IoRedisCluster);
    // ioredis has sendCommand too, which takes an object of its own.
    if (has(client, "call", "duplicate")) return ioRedis(client as IoRedisClient);
    if (has(client, "sendCommand", "duplicate")) return nodeRedis(client as NodeRedisClient);
    if (has(client, "command")) return commandClient(client as CommandClient);
  }
  throw invalidOption("client", client, "a client of redis, ioredis or iovalkey, or an object with command(args)");
}

function single(send: Send, subscribe: Connection["subscribe"]): Connection {
  return { cluster: false, send: (_key, args) => send(args), masters: async () => [send], subscribe };
}

function nodeRedis(client: NodeRedisClient): Connection {
  return single(
    (args) => client.sendCommand(args),
    async (channel, onMessage, over) => {
      const subscriber = client.duplicate();
      const stop = quietly(() => subscriber.destroy());
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
  );
}

function nodeRedisSentinel(client: NodeRedisSentinel): Connection {
  return single(
    (args) => client.sendCommand(false, args),
    async (channel, onMessage) => {
      await client.subscribe(channel, onMessage);
      return quietly(() => client.unsubscribe(channel, onMessage as never));
    },
  );
}

function nodeRedisCluster(client: NodeRedisCluster): Connection {
  return {
    cluster: true,
    send: (key, args) => client.sendCommand(key, false, args),
    masters: async () => {
      const nodes = await Promise.all(client.masters.map((node) => client.nodeClient(node as never)));
      return nodes.map(
        (node): Send =>
          (args) =>
            node.sendCommand(args),
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
    const subscriber = client.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
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

function ioRedis(client: IoRedisClient): Connection {
  return single(callOf(client), ioRedisSubscription(client));
}

function ioRedisCluster(client: IoRedisCluster): Connection {
  const call = callOf(client);
  return {
    cluster: true,
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
  );
}
