/** Every place between two commands of a login, in a Cluster, and what another process does just then. */
import { createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import type { RedisClient, RedisStore } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { type RedisCluster, startRedisCluster, steady } from "../servers/redis.ts";

let servers: RedisCluster;
let cluster: ReturnType<typeof createCluster>;
beforeAll(async () => {
  servers = await startRedisCluster(steady);
  cluster = createCluster({ rootNodes: servers.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
  cluster.on("error", () => {});
  await cluster.connect();
});
afterAll(async () => {
  cluster?.destroy();
  await servers?.close();
});

/** The cluster's client, which calls back before the command with this number. */
function interrupted(at: number, interrupt: () => Promise<void>): { client: RedisClient; sent: () => number } {
  let sent = 0;
  const client = {
    async sendCommand(key: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown> {
      sent += 1;
      if (sent === at) await interrupt();
      return cluster.sendCommand(key, isReadonly, args);
    },
    get masters() {
      return cluster.masters;
    },
    nodeClient: (node: never) => cluster.nodeClient(node),
    subscribe: (channel: string, listener: (message: string) => void) => cluster.subscribe(channel, listener),
    unsubscribe: (channel: string, listener: never) => cluster.unsubscribe(channel, listener),
  };
  return { client, sent: () => sent };
}

const clock = fakeClock();
const record = (changes?: Partial<SessionRecord>): SessionRecord & { readonly userId: string } => ({
  payload: "{}",
  createdAt: clock(),
  seenAt: clock(),
  expiresAt: clock() + 3_600_000,
  ...changes,
  userId: "ann",
});

let names = 0;
const freshKey = (): string =>
  crypto.getRandomValues(new Uint8Array(22)).reduce((text, byte) => text + (byte % 36).toString(36), "") +
  "A".repeat(21);

interface Scene {
  readonly other: RedisStore;
  readonly key: string;
  readonly old: string;
  readonly epoch: string;
}

/** A login of a user who has one session, interrupted before each of its commands in turn. Answers with how many there were. */
async function atEveryStep(
  admission: { readonly limit?: number },
  interrupt: (scene: Scene) => Promise<void>,
  check: (scene: Scene, outcome: string, step: number) => Promise<void>,
): Promise<number> {
  for (let step = 1; ; step += 1) {
    names += 1;
    const prefix = `i${names}:`;
    const other = redisStore(cluster, { prefix, clock, waitTimeout: 10_000, timeout: 60_000 });
    const [key, old] = [freshKey(), freshKey()];
    await other.create(old, record({ createdAt: clock() - 1000 }));
    const scene = { other, key, old, epoch: await other.epoch("ann") };
    const { client, sent } = interrupted(step, () => interrupt(scene));
    const store = redisStore(client, { prefix, clock, waitTimeout: 10_000, timeout: 60_000 });
    const { status } = await store.admit(key, record(), { epoch: scene.epoch, ...admission });
    if (sent() < step) return sent();
    await check(scene, status, step);
  }
}

describe.each([{ limit: undefined }, { limit: 1 }, { limit: 5 }])("a login with the limit $limit", ({ limit }) => {
  const admission = limit === undefined ? {} : { limit };

  it.each(["deleteAll", "clear"] as const)("does not survive %s() between any two of its commands", async (verb) => {
    const steps = await atEveryStep(
      admission,
      async ({ other }) => {
        await (verb === "clear" ? other.clear() : other.deleteAll("ann"));
      },
      async ({ other, key, old }, _outcome, step) => {
        expect(await other.get(key), `get() after an interruption before command ${step}`).toBeNull();
        expect(await other.get(old)).toBeNull();
        expect((await other.list("ann")).items).toEqual([]);
        const again = await other.admit(key, record(), {
          epoch: await other.epoch("ann"),
          limit: 1,
          onLimit: "reject",
        });
        expect(again.status, `a login after an interruption before command ${step}`).toBe("ok");
      },
    );
    expect(steps).toBeGreaterThanOrEqual(6);
  });

  it("is in the listing, or refused, whatever login comes between", async () => {
    await atEveryStep(
      admission,
      async ({ other, epoch }) => {
        await other.admit(freshKey(), record({ createdAt: clock() + 1 }), { epoch, ...admission });
      },
      async ({ other }, outcome, step) => {
        expect(outcome).toBe("ok");
        const { items } = await other.list("ann");
        expect(items.length, `sessions after an interruption before command ${step}`).toBe(limit === 1 ? 1 : 3);
        for (const { key } of items) expect(await other.get(key)).not.toBeNull();
      },
    );
  });
});

it("whoever is at the limit waits for a login under way, and is not refused for one that comes to nothing", async () => {
  let second: Promise<string> | undefined;
  const outcomes: string[] = [];
  await atEveryStep(
    { limit: 2 },
    async ({ other, key, epoch }) => {
      const admission = { epoch, limit: 2, onLimit: "reject" } as const;
      second = other.admit(freshKey(), record(), admission).then(({ status }) => status);
      // Somebody else's record under the key of the first.
      await other.create(key, { ...record(), userId: undefined });
    },
    async ({ other }, first, step) => {
      outcomes.push(first);
      expect([first, await second], `after an interruption before command ${step}`).toEqual(
        first === "ok" ? ["ok", "limit"] : ["exists", "ok"],
      );
      expect((await other.list("ann")).items.length).toBe(2);
    },
  );
  expect(new Set(outcomes)).toEqual(new Set(["exists", "ok"]));
});

it("an eviction that was called off has ended nobody, and leaves nothing that counts", async () => {
  const outcomes: string[] = [];
  await atEveryStep(
    { limit: 1 },
    async ({ other, key }) => {
      await other.create(key, { ...record(), userId: undefined });
    },
    async ({ other, old, epoch }, status) => {
      outcomes.push(status);
      if (status !== "exists") return;
      expect((await other.list("ann")).items.map(({ key }) => key)).toEqual([old]);
      const admission = { epoch, limit: 1, onLimit: "reject" } as const;
      expect((await other.admit(freshKey(), record(), admission)).status).toBe("limit");
      expect(await other.delete(old)).toBe(true);
      expect((await other.admit(freshKey(), record(), admission)).status).toBe("ok");
    },
  );
  expect(outcomes).toContain("exists");
});

it("a login that dies between any two of its commands leaves nothing that deleteAll() cannot end", async () => {
  const dead = new Error("the process is gone");
  for (let step = 1, more = true; more; step += 1) {
    names += 1;
    const prefix = `i${names}:`;
    const other = redisStore(cluster, { prefix, clock, waitTimeout: 10_000, timeout: 60_000 });
    const [key, old] = [freshKey(), freshKey()];
    await other.create(old, record({ createdAt: clock() - 1000 }));
    const epoch = await other.epoch("ann");
    let gone = false;
    const { client } = interrupted(step, async () => {
      gone = true;
    });
    const dying = client as { sendCommand: (...args: never[]) => Promise<unknown> };
    const send = dying.sendCommand;
    dying.sendCommand = async (...args) => {
      if (gone) throw dead;
      const answer = send(...args);
      await Promise.resolve();
      if (gone) throw dead;
      return answer;
    };
    await redisStore(client, { prefix, clock, waitTimeout: 10_000, timeout: 60_000 })
      .admit(key, record(), { epoch, limit: 1 })
      .catch((error: unknown) => expect(error).toBe(dead));
    more = gone;
    const ended = (await other.deleteAll("ann")) ?? [];
    expect(await other.get(key)).toBeNull();
    expect(await other.get(old)).toBeNull();
    expect(new Set(ended).size).toBe(ended.length);
  }
});
