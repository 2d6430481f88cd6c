/**
 * Every line of docs/compatibility.md that names a driver: each version that is named, opened in each way, on a real
 * server; and the newest of each on every runtime. The process that does it must end by itself.
 */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compatibility, everywhere, hasWay, newestOf, type Server, versionsOf } from "../../scripts/compatibility.ts";
import { installDrivers } from "../../scripts/needs.ts";
import { run } from "../../scripts/run.ts";
import { runtimes } from "../../scripts/run-runtimes.ts";
import { type StagedPackage, stagePackage } from "../../scripts/staged-package.ts";
import { startMariadb } from "../servers/mariadb.ts";
import { startMemcached } from "../servers/memcached.ts";
import { startPostgres } from "../servers/postgres.ts";
import { startRedis } from "../servers/redis.ts";

let staged: StagedPackage;
let urls: Record<Server, () => string>;
const ends: (() => unknown)[] = [];
let files = 0;

beforeAll(async () => {
  await installDrivers();
  staged = await stagePackage();
  cpSync(join(import.meta.dirname, "driver-apps"), staged.app, { recursive: true });
  const servers = [startRedis(), startPostgres(), startMariadb(), startMemcached()] as const;
  const [redis, postgres, mariadb, memcached] = await Promise.all(servers);
  ends.push(...[redis, postgres, mariadb, memcached].map((each) => () => each.close()));
  urls = {
    redis: () => `redis://127.0.0.1:${redis.port}`,
    postgres: () => postgres.url,
    mysql: () => mariadb.url,
    memcached: () => `memcached://127.0.0.1:${memcached.port}`,
    file: () => {
      files += 1;
      return join(staged.app, `${files}.db`);
    },
  };
}, 600_000);

afterAll(async () => {
  for (const end of ends) await end();
  staged?.remove();
});

/** The application has these drivers and no other. */
function furnish(drivers: readonly { readonly name: string; readonly folder: string }[]): void {
  const modules = join(staged.app, "node_modules");
  for (const { name } of compatibility) if (name) rmSync(join(modules, name), { force: true });
  mkdirSync(modules, { recursive: true });
  for (const { name, folder } of drivers) symlinkSync(folder, join(modules, name));
}

type Asked = readonly { readonly server: Server; readonly way: string }[];

/** What became of each way, in one process that is given a minute to end. */
async function outcomesOf(asked: Asked, binary = process.execPath, flags: readonly string[] = []) {
  const ways = asked.map(({ server, way }) => `${way}=${urls[server]()}`);
  const args = [...flags, "driver.mjs", ...ways];
  const ran = await run(binary, args, { cwd: staged.app, seconds: 60, quiet: true, env: { NODE_OPTIONS: undefined } });
  const lines = ran.output.split("\n").filter((line) => line.startsWith("OUTCOME "));
  const outcomes = Object.fromEntries(lines.map((line) => JSON.parse(line.slice(8)) as [string, string]));
  return { outcomes, ended: ran.ok ? "by itself" : `${ran.reason}\n${ran.output}` };
}

for (const { store, name, server, ways, older } of compatibility) {
  const versions = name === undefined ? [] : versionsOf({ name, older });
  describe.each(name === undefined ? [{ title: store, version: "", folder: "" }] : versions)("$title", (version) => {
    const asked = ways.filter((way) => hasWay(way, version.version));
    test(`${asked.map(({ title }) => title).join(", ")}`, async () => {
      furnish(name === undefined ? [] : [{ name, folder: version.folder }]);
      const found = await outcomesOf(asked.map(({ way }) => ({ server, way })));
      const expected = Object.fromEntries(asked.map(({ way, refused = "works" }) => [way, refused]));
      expect(found).toEqual({ outcomes: expected, ended: "by itself" });
    }, 90_000);
  });
}

test.each(runtimes.filter(({ binary }) => existsSync(binary)).map((runtime) => [runtime.name, runtime] as const))(
  "on %s the newest of each works",
  async (_, { binary, args }) => {
    furnish(newestOf());
    const found = await outcomesOf(everywhere, binary, args);
    const expected = Object.fromEntries(everywhere.map(({ way }) => [way, "works"]));
    expect(found).toEqual({ outcomes: expected, ended: "by itself" });
  },
  90_000,
);
