/** Slots move from one master to another while sessions are used. */
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { afterAll, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import type { RedisStore } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import type { TestServer } from "../servers/process.ts";
import { until } from "../servers/process.ts";
import { ask, startRedisCluster, steady } from "../servers/redis.ts";

const servers = await startRedisCluster(steady);
const node = createCluster({ rootNodes: servers.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
node.on("error", () => {});
await node.connect();
const io = new Cluster(servers.ports.map((port) => ({ host: "127.0.0.1", port })));
afterAll(async () => {
  node.destroy();
  io.disconnect();
  await servers.close();
});

const record = (userId: string, payload: string): SessionRecord & { readonly userId: string } => {
  const now = Date.now();
  return { payload, userId, createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
};
const freshKey = (): string => crypto.randomUUID() + "A".repeat(7);

/** Somebody who logs in, works, looks at their devices and logs out, again and again. */
class Client {
  readonly #store: RedisStore;
  readonly #user: string;
  /** Sessions that are open, and what is in them. */
  readonly open = new Map<string, string>();
  readonly ended: string[] = [];
  rounds = 0;

  constructor(store: RedisStore, user: string) {
    this.#store = store;
    this.#user = user;
  }

  async round(): Promise<void> {
    const store = this.#store;
    const key = freshKey();
    const epoch = await store.epoch(this.#user);
    const admitted = await store.admit(key, record(this.#user, "new"), { epoch, limit: 1000 });
    expect(admitted.status).toBe("ok");
    this.open.set(key, "new");
    for (let change = 1; change <= 3; change += 1) {
      const found = await store.get(key);
      expect(found, "a session is there").not.toBeNull();
      expect([found?.userId, found?.payload], "and it is one's own").toEqual([this.#user, this.open.get(key)]);
      const payload = `${this.#user} ${this.rounds} ${change}`;
      const updated = await store.update(key, { ...record(this.#user, payload) }, found?.version ?? 0);
      expect(updated.status).toBe("ok");
      this.open.set(key, payload);
      expect(await store.touch(key, Date.now(), Date.now() + 3_600_000)).toBe(true);
    }
    await this.check();
    if (this.open.size > 3) {
      const oldest = [...this.open.keys()][0] as string;
      expect(await store.delete(oldest)).toBe(true);
      this.open.delete(oldest);
      this.ended.push(oldest);
    }
    this.rounds += 1;
  }

  /** Nothing is lost, nothing came back, and nobody else's is listed. */
  async check(): Promise<void> {
    const { items } = await this.#store.list(this.#user, { limit: 1000 });
    expect(items.map(({ key }) => key).sort()).toEqual([...this.open.keys()].sort());
    for (const { key, record: found } of items) {
      expect([found.userId, found.payload]).toEqual([this.#user, this.open.get(key)]);
    }
    for (const key of this.ended.slice(-3)) expect(await this.#store.get(key)).toBeNull();
  }
}

const idOf = async ({ port }: TestServer): Promise<string> =>
  (await ask(port, "CLUSTER MYID")).split("\r\n")[1] as string;

async function answer(port: number, command: string): Promise<string> {
  const text = await ask(port, command);
  expect(text, command).not.toMatch(/^-/);
  return text;
}

/** As redis-cli --cluster reshard does it, with a stop in the middle. */
async function moveSlot(
  slot: number,
  masters: readonly TestServer[],
  from: TestServer,
  to: TestServer,
  meanwhile: () => Promise<void>,
): Promise<number> {
  await answer(to.port, `CLUSTER SETSLOT ${slot} IMPORTING ${await idOf(from)}`);
  await answer(from.port, `CLUSTER SETSLOT ${slot} MIGRATING ${await idOf(to)}`);
  let moved = 0;
  for (;;) {
    const names = [...(await answer(from.port, `CLUSTER GETKEYSINSLOT ${slot} 2`)).matchAll(/\r\n([^$*\r\n]+)/g)];
    if (names.length === 0) break;
    const keys = names.map(([, name]) => name).join(" ");
    await answer(from.port, `MIGRATE 127.0.0.1 ${to.port} "" 0 5000 KEYS ${keys}`);
    if (moved === 0) await meanwhile();
    moved += names.length;
  }
  for (const { port } of [to, from, ...masters]) await answer(port, `CLUSTER SETSLOT ${slot} NODE ${await idOf(to)}`);
  return moved;
}

it("nothing is lost, nobody gets another's session and no call fails while slots move under 20 clients", {
  timeout: 120_000,
}, async () => {
  const stores = [
    redisStore(node, { waitTimeout: 10_000, timeout: 60_000 }),
    redisStore(io, { waitTimeout: 10_000 }),
  ] as const;
  const clients = Array.from({ length: 20 }, (_, at) => new Client(stores[at % 2] as RedisStore, `user-${at}`));
  const masters = await servers.masters();
  const first = masters[0] as TestServer;
  let stop = false;
  const working = clients.map(async (client) => {
    while (!stop) await client.round();
  });
  const rounds = (): number => clients.reduce((sum, client) => sum + client.rounds, 0);
  let failed = false;
  const failures = Promise.all(working).catch((error: unknown) => {
    failed = true;
    throw error;
  });
  failures.catch(() => {});
  await until(() => rounds() > 40);

  let moved = 0;
  for (const [at, client] of clients.slice(0, 3).entries()) {
    // The slot of a user, with index and registrations, and that of one of their sessions.
    const names = [`{user-${at}}`, `{${[...client.open.keys()][0]?.slice(0, 1) ?? "a"}5}`];
    for (const name of names) {
      const slot = Number((await answer(first.port, `CLUSTER KEYSLOT ${name}`)).slice(1));
      const owner = await ownerOf(masters, slot);
      const target = masters[(masters.indexOf(owner) + 1) % masters.length] as TestServer;
      moved += await moveSlot(slot, masters, owner, target, async () => {
        const before = rounds();
        await until(() => failed || rounds() > before + 2);
      });
    }
    if (failed) break;
  }
  const before = rounds();
  await until(() => failed || rounds() > before + 20);
  stop = true;
  await failures;
  expect(moved).toBeGreaterThanOrEqual(6);
  for (const client of clients) await client.check();
  const open = clients.flatMap((client) => [...client.open.keys()]);
  expect([...(await stores[0].clear())].sort()).toEqual(open.sort());
});

it("clear() finds a session that moved to a master that it had walked through", async () => {
  const masters = await servers.masters();
  const byPort = (address: string): TestServer =>
    masters.find(({ port }) => address.endsWith(`:${port}`)) as TestServer;
  const [first, last] = [node.masters[0], node.masters.at(-1)].map((each) => byPort(each?.address ?? ""));
  if (first === undefined || last === undefined) throw new Error("a Cluster has masters");
  let slot = -1;
  let key = "";
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    key = `${letter}5${"A".repeat(41)}`;
    slot = Number((await answer(first.port, `CLUSTER KEYSLOT {${letter}5}`)).slice(1));
    if ((await ownerOf(masters, slot)) === last) break;
  }
  let walked = 0;
  const client = {
    sendCommand: (name: string | undefined, isReadonly: boolean | undefined, args: string[]) =>
      node.sendCommand(name, isReadonly, args),
    get masters() {
      return node.masters;
    },
    async nodeClient(each: never) {
      const connection = await node.nodeClient(each);
      return {
        async sendCommand(args: readonly string[]) {
          const found = await connection.sendCommand([...args]);
          // The first master has been walked through, and the others have not.
          if (args[0] === "SCAN" && ++walked === 1) await moveSlot(slot, masters, last, first, async () => {});
          return found;
        },
      };
    },
    subscribe: (channel: string, listener: (message: string) => void) => node.subscribe(channel, listener),
    unsubscribe: (channel: string, listener: never) => node.unsubscribe(channel, listener),
  };
  const store = redisStore(client, { prefix: "moved:", waitReplicas: 0 });
  await store.create(key, record("ann", "{}"));
  expect(await store.clear()).toEqual([key]);
  expect(await store.get(key)).toBeNull();
  expect(walked).toBeGreaterThan(masters.length);
});

async function ownerOf(masters: readonly TestServer[], slot: number): Promise<TestServer> {
  for (const master of masters) {
    const own = (await ask(master.port, "CLUSTER NODES")).split("\n").find((line) => line.includes("myself,")) ?? "";
    const ranges = own.trim().split(" ").slice(8);
    const has = ranges.some((range) => {
      const [from = "", to = from] = range.split("-");
      return Number(from) <= slot && slot <= Number(to);
    });
    if (has) return master;
  }
  throw new Error(`nobody has the slot ${slot}`);
}
