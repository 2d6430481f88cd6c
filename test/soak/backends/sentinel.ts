/** A master, two replicas and three sentinels, which know each other through proxies, so that they can be split. */
import { Redis } from "ioredis";
import { createSentinel } from "redis";
import { redisStore } from "../../../src/stores/redis.ts";
import { freeze } from "../../servers/freeze.ts";
import { type TestServer, until } from "../../servers/process.ts";
import { startProxy, type Proxy as TcpProxy } from "../../servers/proxy.ts";
import { announce, ask, startSentinel } from "../../servers/redis.ts";
import { type Backend, type Fault, pick } from "../backend.ts";
import { networkFaults } from "../network.ts";
import { REDIS_WRITE } from "./redis.ts";

/** So that a master which nobody can reach notices within a run what it would notice after a minute. */
const IMPATIENT = ["--repl-timeout", "3", "--repl-ping-replica-period", "1"];

/** What docs/redis.md says against a master that goes on alone. */
const CAREFUL = ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "2"];

const PROCESSES = 2;

/** Milliseconds: longer than a busy machine keeps a server from answering, or there are more failovers than were asked for. */
const DOWN_AFTER = 2_000;

/** `careful: false` is a master that goes on taking writes when it has lost its replicas: the server's default. */
export async function startSentinelBackend({ careful = false }: { readonly careful?: boolean } = {}): Promise<Backend> {
  /** By server: the path of the others to it. */
  const among = new Map<TestServer, TcpProxy>();
  const group = await startSentinel(
    [...IMPATIENT, ...(careful ? CAREFUL : [])],
    async (server) => {
      const proxy = await startProxy(server.port);
      among.set(server, proxy);
      return proxy.port;
    },
    DOWN_AFTER,
  );
  /** By process of the application, and by server or sentinel: its own path there. */
  const paths = await Promise.all(
    Array.from({ length: PROCESSES }, async () => ({
      servers: await Promise.all(group.servers.map(({ port }) => startProxy(port))),
      sentinels: await Promise.all(group.sentinels.map(({ port }) => startProxy(port))),
    })),
  );
  const version = /redis_version:(\S+)/.exec(await ask(group.servers[0]?.port ?? 0, "INFO server"))?.[1] ?? "";

  const masterNow = async (): Promise<TestServer> => {
    const known = await group.masterPort();
    return [...among].find(([, proxy]) => proxy.port === known)?.[0] as TestServer;
  };
  const agreed = (): Promise<void> =>
    until(
      async () => {
        const master = await masterNow();
        return /role:master[\s\S]*connected_slaves:2/.test(await ask(master.port, "INFO replication"));
      },
      60,
      "one master and two replicas",
    );

  let old: TestServer | undefined;
  const failedOver = (): Promise<void> => until(async () => (await masterNow()) !== old, 30, "another master");
  const tail = {
    permits: ["lost-write", "lost-session", "returned", "count"] as const,
    because:
      "replication is asynchronous: what the old master had acknowledged in its last moments, or while it was alone, is gone. " +
      "Logouts and revocations wait for a replica",
  };
  const faults: Record<string, Fault> = {
    failover: {
      async begin() {
        old = await masterNow();
        await old.kill();
      },
      async end() {
        await failedOver();
        await old?.restart();
        if (old) await announce(old, among.get(old)?.port ?? 0);
        await agreed();
      },
      fails: true,
      ...tail,
    },
    "failover-of-a-frozen-master": {
      async begin() {
        old = await masterNow();
        await freeze(old);
        await failedOver();
      },
      async end() {
        old?.resume();
        await agreed();
      },
      fails: true,
      ...tail,
    },
    split: {
      // On one side the master and the first process; on the other everybody else.
      async begin() {
        old = await masterNow();
        const at = group.servers.indexOf(old);
        among.get(old)?.blackHole();
        const [alone, others] = paths;
        for (const [index, proxy] of alone?.servers.entries() ?? []) if (index !== at) proxy.blackHole();
        for (const proxy of alone?.sentinels ?? []) proxy.blackHole();
        others?.servers[at]?.blackHole();
        await failedOver();
      },
      async end() {
        for (const proxy of [...among.values(), ...paths.flatMap((path) => [...path.servers, ...path.sentinels])])
          proxy.heal();
        await agreed();
      },
      fails: true,
      divides: true,
      ...tail,
      permitsMeanwhile: ["resurrected", "unlisted", "cookie"],
    },
    ...networkFaults(
      paths.flatMap(({ servers }) => servers),
      REDIS_WRITE,
    ),
  };

  const clientFor = async (process: number) => {
    const path = paths[process % PROCESSES] as (typeof paths)[number];
    const sentinels = path.sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
    const map = Object.fromEntries(
      group.servers.map((server, index) => [
        `127.0.0.1:${among.get(server)?.port}`,
        { host: "127.0.0.1", port: path.servers[index]?.port ?? 0 },
      ]),
    );
    if (process % 2 === 1) {
      const client = createSentinel({ name: group.masterName, sentinelRootNodes: sentinels, nodeAddressMap: map });
      client.on("error", () => {});
      await client.connect();
      return { client, close: () => client.destroy() };
    }
    const client = new Redis({
      sentinels,
      name: group.masterName,
      natMap: map,
      updateSentinels: false,
      // Or it stays with a master that is frozen, and reads from it what the new one has ended when it goes on.
      socketTimeout: 1_000,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      lazyConnect: true,
    });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.disconnect() };
  };

  return {
    name: careful ? "sentinel-careful" : "sentinel",
    server: `Redis ${version}, three sentinels${careful ? ", min-replicas-to-write 1" : ""}`,
    promise:
      "asynchronous replication: a failover loses the last changes and logins, but no logout and no revocation that was acknowledged",
    note: careful
      ? "A master that has lost its replicas refuses writes, and so revocations."
      : "What remains possible, and with which settings, is in [redis.md](redis.md#what-a-failover-can-undo).",
    async open(process, clock) {
      const { client, close } = await clientFor(process);
      return { store: redisStore(client, { clock }), close };
    },
    faults: careful
      ? pick(faults, "failover", "failover-of-a-frozen-master", "split")
      : pick(faults, "failover", "failover-of-a-frozen-master", "split", "half-open", "dropped"),
    // What the servers say would count sentinels, too; those come and go as they like.
    connections: async () =>
      paths.flatMap(({ servers }) => servers).reduce((sum, { connections }) => sum + connections, 0),
    async close() {
      await Promise.all(
        [...among.values(), ...paths.flatMap((path) => [...path.servers, ...path.sentinels])].map((proxy) =>
          proxy.close(),
        ),
      );
      await group.close();
    },
  };
}
