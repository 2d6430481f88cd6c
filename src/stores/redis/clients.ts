/** The parts of clients that are used. Every method is a client's own; nothing is imported. */

type Answer = Promise<unknown>;

/** How answers are given. */
interface CommandOptions {
  readonly typeMapping?: Readonly<Record<never, never>>;
}

/** `createClient` of `redis` 4 to 6. */
export interface NodeRedisClient {
  sendCommand(args: readonly string[], options?: CommandOptions): Answer;
  duplicate(): NodeRedisSubscriber;
}

/** `createClientPool` of `redis` 5 and 6. */
export interface NodeRedisPool {
  sendCommand(args: readonly string[], options?: CommandOptions): Answer;
  execute<T>(run: (client: NodeRedisClient) => Promise<T>): Promise<T>;
}

/** A second client, made from the first. */
export interface NodeRedisSubscriber extends NodeRedisClient {
  connect(): Answer;
  on(event: "error", listener: (error: Error) => void): unknown;
  subscribe(channel: string, listener: (message: string) => void): Answer;
  destroy?(): unknown;
  disconnect?(): unknown;
}

/** `createCluster` of `redis` 4 to 6. */
export interface NodeRedisCluster {
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
    options?: CommandOptions,
  ): Answer;
  readonly masters: readonly object[];
  nodeClient(node: never): Promise<{ sendCommand(args: readonly string[], options?: CommandOptions): Answer }>;
  subscribe(channel: string, listener: (message: string) => void): Answer;
  unsubscribe(channel: string, listener: never): Answer;
}

/** `createSentinel` of `redis` 5 and 6. */
export interface NodeRedisSentinel {
  sendCommand(isReadonly: boolean | undefined, args: string[], options?: CommandOptions): Answer;
  acquire(): Answer;
  subscribe(channel: string, listener: (message: string) => void): Answer;
  unsubscribe(channel: string, listener: never): Answer;
}

/** `Redis` of `ioredis` and `iovalkey`, with Sentinel too. */
export interface IoRedisClient {
  call(command: string, ...args: string[]): Answer;
  duplicate(options?: {
    readonly enableOfflineQueue?: boolean;
    readonly maxRetriesPerRequest?: number | null;
    readonly lazyConnect?: boolean;
    readonly autoResendUnfulfilledCommands?: boolean;
  }): IoRedisSubscriber;
}

/** A second client, made from the first. */
export interface IoRedisSubscriber extends IoRedisClient {
  connect(): Answer;
  on(event: string, listener: (...args: never[]) => void): unknown;
  subscribe(channel: string): Answer;
  disconnect(): unknown;
}

/** `Cluster` of `ioredis` and `iovalkey`, which keeps a connection of its own for subscriptions. */
export interface IoRedisCluster {
  call(command: string, ...args: string[]): Answer;
  nodes(role: "master"): readonly { call(command: string, ...args: string[]): Answer }[];
  subscribe(channel: string): Answer;
  unsubscribe(channel: string): Answer;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  off(event: "message", listener: (channel: string, message: string) => void): unknown;
  listenerCount(event: "message"): number;
}

/** Anything that sends a command to one server and gives its answer: text as strings, numbers as numbers. */
export interface CommandClient {
  command(args: string[]): Answer;
  /**
   * Calls back with the messages of a channel; answers with a function that stops it. Without it the store cannot
   * watch.
   */
  subscribe?(channel: string, onMessage: (message: string) => void): Promise<() => unknown>;
}

/** A client that `redisStore` takes, connected: by what it can do, not by its package. */
export type RedisClient =
  | NodeRedisClient
  | NodeRedisPool
  | NodeRedisCluster
  | NodeRedisSentinel
  | IoRedisClient
  | IoRedisCluster
  | CommandClient;
