/**
 * A rolling deploy: processes of express-session and of the drop-in over one Redis, and users who are sent to whichever is at hand.
 * `SOJOURN_ROUNDS` plays more of it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis } from "../servers/redis.ts";
import { repeatably, SEED } from "../support/seed.ts";
import { Client } from "../support/wire.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = join(root, "node_modules/.cache/sojourn-tests", `rolling-${process.pid}.mjs`);
const redis = await startRedis();
const ROUNDS = Number(process.env.SOJOURN_ROUNDS ?? 5);
const USERS = 12;

type Kind = "ours" | "express-session";

/** One process of the deploy. */
interface Node {
  readonly child: ChildProcess;
  readonly kind: Kind;
  readonly port: number;
}

const nodes: Node[] = [];

async function start(kind: Kind): Promise<Node> {
  const child = fork(program, [kind, `redis://127.0.0.1:${redis.port}`], { execArgv: [] });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  // Everybody who logs out at once listens.
  child.setMaxListeners(USERS + 8);
  const node = { child, kind, port };
  nodes.push(node);
  return node;
}

function stop(node: Node): void {
  nodes.splice(nodes.indexOf(node), 1);
  node.child.disconnect();
}

beforeAll(async () => {
  mkdirSync(join(root, "node_modules/.cache/sojourn-tests"), { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: [join(root, "test/support/processes/rolling-child.ts")],
    alias: { "#crypto": join(root, "src/crypto/node.ts") },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    outfile: program,
  });
});
afterAll(async () => {
  for (const node of [...nodes]) stop(node);
  await redis.close();
});

/** The same choices in every run: a generator of Lehmer's. */
function chooser(seed: number): <Item>(items: readonly Item[]) => Item {
  let state = (seed % 2_147_483_646) + 1;
  return (items) => {
    state = (state * 48_271) % 2_147_483_647;
    return items[state % items.length] as never;
  };
}

/** One user with a browser, who counts along. */
class User {
  readonly name: string;
  readonly #browser = new Client({ port: 0 });
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  get cookie(): string {
    return this.#browser.cookie;
  }

  async get(node: Node, path: string): Promise<string> {
    const client = Object.assign(new Client(node), { cookie: this.#browser.cookie });
    const seen = await client.get(path);
    expect(seen.status, `${path} at ${node.kind}: ${seen.body}`).toBe(200);
    this.#browser.cookie = client.cookie;
    return seen.body;
  }

  async login(node: Node): Promise<void> {
    await this.get(node, `/login/${this.name}`);
    this.#count = 0;
  }

  /** Counts at one process, and looks at several at once. */
  async browse(choose: () => Node): Promise<void> {
    this.#count += 1;
    expect(await this.get(choose(), "/count")).toBe(`${this.name} ${this.#count}`);
    const looks = [choose(), choose(), choose()].map((node) => this.get(node, "/read"));
    expect(await Promise.all(looks)).toEqual(Array(3).fill(`${this.name} ${this.#count}`));
  }

  /** Logs out somewhere, while a slow request of theirs is under way at the drop-in; its late save brings nothing back. */
  async logout(choose: () => Node): Promise<void> {
    const slow = nodes.find(({ kind }) => kind === "ours") as Node;
    const cookie = this.#browser.cookie;
    const arrived = new Promise<void>((resolve) => {
      const heard = (message: { readonly arrived?: string }): void => {
        if (message.arrived !== this.name) return;
        slow.child.off("message", heard);
        resolve();
      };
      slow.child.on("message", heard);
    });
    const late = Object.assign(new Client(slow), { cookie }).get(`/slow/${this.name}`);
    await arrived;
    await this.get(choose(), "/logout");
    await new Client(slow).get(`/release/${this.name}`);
    await late;
    for (const node of nodes) {
      expect((await Object.assign(new Client(node), { cookie }).get("/read")).body).toBe("undefined undefined");
    }
  }
}

test(
  "no user notices which of them answers, and no logout comes back",
  () =>
    repeatably(async () => {
      const choose = chooser(SEED);
      const anywhere = (): Node => choose(nodes);
      const users = Array.from({ length: USERS }, (_, at) => new User(`user${at}`));
      const everybody = (step: (user: User) => Promise<void>): Promise<unknown> => Promise.all(users.map(step));
      const rounds = async (): Promise<void> => {
        for (let round = 0; round < ROUNDS; round++) await everybody((user) => user.browse(anywhere));
      };

      const before = await start("express-session");
      await everybody((user) => user.login(before));
      await start("ours");
      await rounds();
      // Half of them leave and come back while both versions run.
      for (const user of users.filter((_, at) => at % 2 === 0)) {
        await user.logout(anywhere);
        await user.login(anywhere());
      }
      await rounds();
      // The last of the old version goes.
      stop(before);
      const second = await start("ours");
      await rounds();
      // The way back: the old version again, beside one of the new.
      stop(second);
      await start("express-session");
      await rounds();
      await everybody((user) => user.logout(anywhere));
    }),
  240_000,
);
