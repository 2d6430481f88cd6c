/** Real Redis servers for tests: one, a Cluster of six nodes, and a master with replicas and sentinels. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Program, valkeyProgram } from "../../scripts/valkey.ts";
import { freePort, type Place, startServer, type TestServer, until } from "./process.ts";

const run = promisify(execFile);

/** Redis, or in its place what speaks its protocol: `REDIS_SERVER=/usr/bin/valkey-server`. */
const redis = (): Program => ({ command: process.env.REDIS_SERVER ?? "redis-server", args: [] });

/** Valkey, which scripts/needs.ts provides. */
export function valkey(): Program {
  const program = valkeyProgram();
  if (program === undefined) throw new Error("no valkey-server: run npm test, or set VALKEY_SERVER");
  return program;
}

/** No file is written and no default is left in force that makes tests slow. */
const volatile = [
  "--save",
  "",
  "--appendonly",
  "no",
  "--daemonize",
  "no",
  "--bind",
  "127.0.0.1",
  "--protected-mode",
  "no",
];

/** Without the delay of zero a replica's first sync takes more than five seconds, and a young cluster cannot fail over. */
const replicating = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"];

/** For a Cluster that must not fail over: on a loaded machine nodes may not answer each other for half a second. */
export const steady: readonly string[] = ["--cluster-node-timeout", "30000"];

/** One command over a connection of its own; its answer as it came over the wire. */
export function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let answer = "";
    socket.setEncoding("utf8");
    socket.setTimeout(5000, () => socket.destroy(new Error(`no answer to ${command}`)));
    // A sentinel knows no QUIT, so the end of the answer is told by another that is the same everywhere.
    socket.once("connect", () => socket.write(`${command}\r\nPING\r\n`));
    socket.on("data", (text: string) => {
      answer += text;
      if (answer.endsWith("+PONG\r\n") && answer !== "+PONG\r\n") socket.end();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answer.slice(0, -"+PONG\r\n".length)));
  });
}

const answersPing = async ({ port }: Place): Promise<boolean> => (await ask(port, "PING")).startsWith("+PONG");

/** A Redis server, or another program. `args` go on its command line: `["--maxmemory", "4mb"]`. */
export function startRedis(args: readonly string[] = [], program: Program = redis()): Promise<TestServer> {
  return startServer({
    name: "redis",
    command: program.command,
    args: ({ port, folder }) => [...program.args, "--port", String(port), "--dir", folder, ...volatile, ...args],
    ready: answersPing,
  });
}

/** As `startRedis`, but an acknowledged write survives kill -9. */
export function startDurableRedis(args: readonly string[] = []): Promise<TestServer> {
  return startRedis(["--appendonly", "yes", "--appendfsync", "always", ...args]);
}

export interface RedisCluster {
  readonly nodes: readonly TestServer[];
  readonly ports: readonly number[];
  /** The nodes that are masters as the cluster sees it now. */
  masters(): Promise<readonly TestServer[]>;
  close(): Promise<void>;
}

/** Three masters with a replica each. Takes two to three seconds. */
export async function startRedisCluster(args: readonly string[] = [], program?: Program): Promise<RedisCluster> {
  const nodes = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const bus = await freePort();
      return startRedis(
        [
          "--cluster-enabled",
          "yes",
          "--cluster-port",
          String(bus),
          "--cluster-config-file",
          "nodes.conf",
          "--cluster-node-timeout",
          "500",
          "--cluster-replica-validity-factor",
          "0",
          ...replicating,
          ...args,
        ],
        program,
      );
    }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()));
  };
  const ports = nodes.map(({ port }) => port);
  try {
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-replicas", "1", "--cluster-yes"]);
    await until(
      async () => {
        const states = await Promise.all(ports.map((port) => ask(port, "CLUSTER INFO")));
        const synced = await Promise.all(ports.map((port) => ask(port, "INFO replication")));
        const up = synced.filter((info) => /role:slave[\s\S]*master_link_status:up/.test(info)).length;
        return up === 3 && states.every((state) => /cluster_state:ok/.test(state));
      },
      30,
      "a complete cluster",
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    nodes,
    ports,
    async masters() {
      const roles = await Promise.all(
        nodes.map(async (node) => node.running && /role:master/.test(await ask(node.port, "INFO replication"))),
      );
      return nodes.filter((_, index) => roles[index]);
    },
    close,
  };
}

export interface RedisSentinel {
  /** Master first, then two replicas. */
  readonly servers: readonly TestServer[];
  readonly sentinels: readonly TestServer[];
  /** What the sentinels call the master. */
  readonly masterName: string;
  /** The port that the sentinels name now. */
  masterPort(): Promise<number>;
  close(): Promise<void>;
}

const sentinelConfig = (port: number, master: number, downAfter: number): string =>
  [
    `port ${port}`,
    "bind 127.0.0.1",
    "protected-mode no",
    `sentinel monitor sojourn 127.0.0.1 ${master} 2`,
    `sentinel down-after-milliseconds sojourn ${downAfter}`,
    "sentinel failover-timeout sojourn 2000",
    "sentinel parallel-syncs sojourn 2",
    "",
  ].join("\n");

/** From now on this server tells the others that it is found there: at a proxy. */
export async function announce(server: TestServer, port: number): Promise<void> {
  await ask(server.port, "CONFIG SET replica-announce-ip 127.0.0.1");
  await ask(server.port, `CONFIG SET replica-announce-port ${port}`);
}

/**
 * A master, two replicas and three sentinels that agree. Takes about three seconds. `via` gives the port under which servers and
 * sentinels know a server, where that is a proxy's; `downAfter` is how many milliseconds the sentinels wait for an answer.
 */
export async function startSentinel(
  args: readonly string[] = [],
  via: (server: TestServer) => Promise<number> = async ({ port }) => port,
  downAfter = 500,
): Promise<RedisSentinel> {
  const started: TestServer[] = [];
  const keep = async (starting: Promise<TestServer>): Promise<TestServer> => {
    const server = await starting;
    started.push(server);
    return server;
  };
  const close = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.close()));
  };
  try {
    const known = async (): Promise<readonly [TestServer, number]> => {
      const server = await keep(startRedis([...replicating, ...args]));
      const port = await via(server);
      await announce(server, port);
      return [server, port];
    };
    const [master, masterAt] = await known();
    const replica = async (): Promise<TestServer> => {
      const [server] = await known();
      await ask(server.port, `REPLICAOF 127.0.0.1 ${masterAt}`);
      return server;
    };
    const replicas = await Promise.all([replica(), replica()]);
    await until(async () => /connected_slaves:2/.test(await ask(master.port, "INFO replication")), 30, "two replicas");
    const sentinel = () =>
      keep(
        startServer({
          name: "sentinel",
          command: redis().command,
          args: ({ folder }) => [join(folder, "sentinel.conf"), "--sentinel", "--dir", folder],
          async prepare({ folder, port }) {
            writeFileSync(join(folder, "sentinel.conf"), sentinelConfig(port, masterAt, downAfter));
          },
          ready: answersPing,
        }),
      );
    const sentinels = await Promise.all([sentinel(), sentinel(), sentinel()]);
    await until(
      async () => {
        const infos = await Promise.all(sentinels.map(({ port }) => ask(port, "INFO sentinel")));
        return infos.every((info) => /status=ok,[^\n]*slaves=2,sentinels=3/.test(info));
      },
      30,
      "sentinels that agree",
    );
    const masterPort = async (): Promise<number> => {
      const alive = sentinels.find(({ running }) => running) ?? sentinels[0];
      const answer = await ask(alive?.port ?? 0, "SENTINEL get-master-addr-by-name sojourn");
      return Number(/\r\n(\d+)\r\n$/.exec(answer)?.[1]);
    };
    return { servers: [master, ...replicas], sentinels, masterName: "sojourn", masterPort, close };
  } catch (error) {
    await close();
    throw error;
  }
}
