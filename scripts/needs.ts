/**
 * What the tests need and a machine may lack: one entry each, provided by `npm test` where that can be
 * done. A server is added as one more entry, with an apt package and the test files that use it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { drivers } from "./compatibility.ts";
import { root, run } from "./run.ts";
import { tools } from "./run-runtimes.ts";
import { fetchValkey, valkeyProgram } from "./valkey.ts";

export interface Need {
  /** For people: "Chromium". */
  readonly name: string;
  /** Tests that are left out without it: beginnings of paths, "test/browser/" or "test/contracts/redis". */
  readonly suites: readonly string[];
  /** Its suite runs with whatever part of it is there, and reports by itself what was skipped. */
  readonly partial?: true;
  /** Whether it is there now. */
  present(): boolean;
  /** Gets it; undefined when it was done, else why it could not be. */
  install(): Promise<string | undefined>;
}

const isRoot = process.getuid?.() === 0;

/** Debian and what is made from it: the systems with apt-get. */
function isDebian(): boolean {
  if (!existsSync("/etc/os-release")) return false;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync("/etc/os-release", "utf8"));
}

let lists: Promise<string | undefined> | undefined;

/** Installs Debian packages, as root on Debian or Ubuntu; the package lists are fetched once. */
async function aptInstall(...packages: readonly string[]): Promise<string | undefined> {
  const byHand = `install ${packages.join(", ")} by hand`;
  if (!isDebian()) return `not Debian or Ubuntu: ${byHand}`;
  if (!isRoot) return `not root: ${byHand}`;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const apt = async (...args: readonly string[]): Promise<string | undefined> => {
    // A package's files are not synced one by one: on a slow disk that takes minutes.
    const options = ["-q", "-o", "Acquire::Retries=2", "-o", "Dpkg::Options::=--force-unsafe-io"];
    const ran = await run("apt-get", [...options, ...args], { seconds: 480, env, quiet: true });
    return ran.ok ? undefined : `apt-get ${args[0]}: ${ran.reason}: ${ran.output.trim().split("\n").at(-1)}`;
  };
  lists ??= apt("update");
  return (await lists) ?? (await apt("install", "-y", "--no-install-recommends", ...packages));
}

/** The first of these programs that is there. */
const firstOf = (...paths: readonly (string | undefined)[]): string | undefined =>
  paths.find((path) => path !== undefined && existsSync(path));

/** The browser for test/browser, which finds it in the environment as CHROMIUM. */
export const chromium = (): string | undefined =>
  firstOf(process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome");

/** What a folder's lock file asks for is there when npm put exactly that. */
function isInstalled(folder: string): boolean {
  const installed = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  type Lock = { packages: Record<string, { version?: string; optional?: boolean }> };
  const read = (path: string): Lock => JSON.parse(readFileSync(path, "utf8")) as Lock;
  const there = read(installed).packages;
  return Object.entries(read(join(folder, "package-lock.json")).packages).every(
    ([path, { version, optional }]) => path === "" || there[path]?.version === version || (optional && !there[path]),
  );
}

/** `npm ci` in a folder that has a lock file of its own. */
async function npmInstall(cwd: string, seconds: number): Promise<string | undefined> {
  const ran = await run("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund"], { cwd, seconds, quiet: true });
  const lines = ran.output.split("\n").filter((line) => line.startsWith("npm error"));
  return ran.ok ? undefined : `npm ci: ${ran.reason}: ${lines[0] ?? ran.output.trim().split("\n")[0]}`;
}

let runtimes: Promise<string | undefined> | undefined;

/** Two needs are met by it, and it is tried once. */
function installRuntimes(): Promise<string | undefined> {
  runtimes ??= npmInstall(tools, 480);
  return runtimes;
}

/** Where webpack, Jest and Nitro are for the tests of the package. */
export const toolchains: string = join(root, "tools/toolchains");

/** For who runs one test file by itself: `npm test` has done it before. */
export async function installToolchains(): Promise<void> {
  if (isInstalled(toolchains)) return;
  const failure = await npmInstall(toolchains, 480);
  if (failure !== undefined) throw new Error(failure);
}

/** The same for the older drivers. */
export async function installDrivers(): Promise<void> {
  if (isInstalled(drivers)) return;
  const failure = await npmInstall(drivers, 300);
  if (failure !== undefined) throw new Error(failure);
}

const runtimesInstalled = (): boolean => isInstalled(tools);
const frameworks = join(root, "test/frameworks");
const migrate = join(root, "tools/migrate");

/** Installs the example in a folder, and the runtimes for one that takes another Node; undefined, or why that could not be done. */
export async function installExample(folder: string, takesThisNode: boolean): Promise<string | undefined> {
  const failure = takesThisNode || runtimesInstalled() ? undefined : await installRuntimes();
  return failure ?? (isInstalled(folder) ? undefined : await npmInstall(folder, 300));
}

/** Where the tests look for it too: in POSTGRES_BIN, or where Debian puts every version. */
function hasPostgres(): boolean {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  const folders = [process.env.POSTGRES_BIN, ...versions.map((version) => join(debian, version, "bin"))];
  return folders.some((folder) => folder !== undefined && existsSync(join(folder, "initdb")));
}

const needs: readonly Need[] = [
  {
    name: "the runtimes of tools/runtimes",
    suites: ["test/runtimes/"],
    partial: true,
    present: runtimesInstalled,
    install: installRuntimes,
  },
  {
    name: "miniflare and the runtimes of tools/runtimes",
    suites: ["test/contracts/cloudflare", "test/scenarios/cloudflare", "test/package/drivers"],
    present: runtimesInstalled,
    install: installRuntimes,
  },
  {
    name: "the bundlers and test runners of tools/toolchains",
    suites: ["test/package/toolchains"],
    present: () => isInstalled(toolchains),
    install: () => npmInstall(toolchains, 480),
  },
  {
    name: "the older drivers of tools/drivers",
    suites: ["test/package/drivers"],
    present: () => isInstalled(drivers),
    install: () => npmInstall(drivers, 300),
  },
  {
    name: "the packages of tools/migrate",
    suites: ["test/unit/migrate/peers"],
    present: () => isInstalled(migrate),
    install: () => npmInstall(migrate, 300),
  },
  {
    name: "the frameworks of test/frameworks",
    suites: ["test/frameworks/"],
    present: () => isInstalled(frameworks),
    install: () => npmInstall(frameworks, 300),
  },
  {
    name: "Chromium",
    suites: ["test/browser/", "test/examples/"],
    present: () => chromium() !== undefined,
    install: () => aptInstall("chromium"),
  },
  {
    name: "PostgreSQL and PgBouncer",
    suites: [
      "test/contracts/postgres.test.ts",
      "test/contracts/express-session",
      "test/contracts/dropin-",
      "test/contracts/cached-servers",
      "test/contracts/migrating-servers",
      "test/unit/stores/postgres-server",
      "test/scenarios/postgres",
      "test/scenarios/faults-postgres",
      "test/package/drivers",
      "test/scenarios/cached-servers",
    ],
    present: () => hasPostgres() && firstOf("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer") !== undefined,
    install: () => aptInstall("postgresql", "pgbouncer"),
  },
  {
    name: "Redis",
    suites: [
      "test/contracts/redis",
      "test/contracts/keyv",
      "test/contracts/express-session",
      "test/contracts/dropin-",
      "test/contracts/cached-servers",
      "test/contracts/migrating-servers",
      "test/scenarios/redis",
      "test/scenarios/faults-redis",
      "test/scenarios/cached-servers",
      "test/unit/stores/redis-server",
      "test/unit/stores/keyv-server",
      "test/package/drivers",
      "test/unit/servers/redis",
    ],
    present: () =>
      firstOf(process.env.REDIS_SERVER, "/usr/bin/redis-server", "/usr/local/bin/redis-server") !== undefined,
    install: () => aptInstall("redis-server"),
  },
  {
    name: "Valkey",
    suites: ["test/contracts/valkey"],
    // Its tests start a Cluster too, with redis-cli.
    present: () => valkeyProgram() !== undefined && existsSync("/usr/bin/redis-cli"),
    install: async () => (await aptInstall("redis-server")) ?? (valkeyProgram() ? undefined : await fetchValkey()),
  },
  {
    name: "MariaDB",
    suites: [
      "test/contracts/mysql",
      "test/unit/stores/mysql-",
      "test/scenarios/mysql",
      "test/scenarios/faults-mysql",
      "test/package/drivers",
    ],
    present: () => firstOf("/usr/sbin/mariadbd", "/usr/bin/mariadbd") !== undefined,
    install: () => aptInstall("mariadb-server"),
  },
  {
    name: "memcached",
    suites: [
      "test/contracts/memcached",
      "test/unit/stores/memcached-",
      "test/scenarios/memcached",
      "test/scenarios/faults-memcached",
      "test/package/drivers",
    ],
    present: () => firstOf("/usr/bin/memcached", "/usr/local/bin/memcached") !== undefined,
    install: () => aptInstall("memcached"),
  },
];

export interface Missing {
  readonly need: Need;
  readonly reason: string;
  /** The test files that cannot run. */
  readonly files: readonly string[];
}

/** Provides what the given test files need, and says what could not be had. Paths are from the project's folder. */
export async function provide(files: readonly string[]): Promise<readonly Missing[]> {
  const missing: Missing[] = [];
  for (const need of needs) {
    const users = files.filter((file) => need.suites.some((suite) => file.startsWith(suite)));
    if (users.length === 0 || need.present()) continue;
    console.log(`Installing ${need.name} …`);
    const failure = await need.install();
    if (failure === undefined && need.present()) continue;
    missing.push({ need, reason: failure ?? "installed, but not found afterwards", files: users });
  }
  return missing;
}
