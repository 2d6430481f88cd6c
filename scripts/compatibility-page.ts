/**
 * Makes docs/compatibility.md of what the tests run: the drivers and ways of scripts/compatibility.ts, the runtimes of
 * tools/runtimes, the tools of tools/toolchains, and the tests that are named here. test/docs/compatibility.test.ts
 * holds the page to it.
 *
 *   npm run docs:compatibility
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compatibility, drivers, everywhere, hasWay, versionsOf } from "./compatibility.ts";
import { toolchains } from "./needs.ts";
import { root } from "./run.ts";
import { runtimes, tools } from "./run-runtimes.ts";

const PAGE = "docs/compatibility.md";

/** What has a test of its own: the set-up, what comes of it, the test, and what must be found in that. */
const SETUPS: readonly (readonly [setup: string, what: string, test: string, holds: string])[] = [
  [
    "`keyPrefix` of ioredis",
    "refused at once; give the store `prefix`",
    "test/scenarios/redis-setups.test.ts",
    "that adds a keyPrefix is refused at once",
  ],
  [
    "a user of Redis with the least rights (ACL)",
    "works; a right that is missing is named",
    "test/scenarios/redis-setups.test.ts",
    "the least that docs/redis.md names are enough",
  ],
  [
    "Redis that evicts",
    "the policies that take indexes are refused, by `health()` too; with the others revocations hold",
    "test/scenarios/redis-setups.test.ts",
    "loses sessions, and no revocation misses one",
  ],
  [
    "a replica, a read-only or a full Redis",
    "`health()` says so",
    "test/scenarios/redis-setups.test.ts",
    "is not well on a replica, a read-only or a full server",
  ],
  [
    "TLS to Redis with a CA of one's own",
    "works, by client and with `NODE_EXTRA_CA_CERTS`",
    "test/scenarios/redis-tls.test.ts",
    "takes one whose issuer Node.js was told of",
  ],
  ["Redis Cluster", "works", "test/contracts/redis-cluster.test.ts", "over a Cluster with"],
  ["Redis with Sentinel", "works, through a failover", "test/scenarios/redis-failover.test.ts", "entinel"],
  ["Valkey, iovalkey", "works", "test/contracts/valkey.test.ts", "iovalkey"],
  ["PgBouncer", "works", "test/contracts/postgres.test.ts", "startPooler"],
  ["PGlite", "works", "test/contracts/postgres-pglite.test.ts", "PGlite"],
  [
    "a connection to Redis that is lost in silence",
    "served again over a new one",
    "test/scenarios/redis-silence.test.ts",
    "proxy.silence()",
  ],
  [
    "… to PostgreSQL",
    "served again over a new one",
    "test/unit/stores/postgres-server-silence.test.ts",
    "proxy.silence()",
  ],
  ["… to MySQL", "served again over another of the pool", "test/unit/stores/mysql-faults.test.ts", "proxy.silence()"],
  [
    "Cloudflare D1, Durable Objects, KV",
    "work, in workerd by miniflare",
    "test/contracts/cloudflare.test.ts",
    "iniflare",
  ],
  ["unstorage", "works, with [less](universal-stores.md)", "test/contracts/unstorage.test.ts", "unstorageStore"],
  ["Keyv", "works, with [less](universal-stores.md)", "test/contracts/keyv.test.ts", "keyvStore"],
  [
    "stores for express-session",
    "work, with [less](universal-stores.md)",
    "test/contracts/express-session.test.ts",
    "connect-pg-simple",
  ],
  [
    "TypeScript with `node10`, `node16`, `nodenext`, `preserve`",
    "every entry type-checks",
    "test/package/types.test.ts",
    "node10",
  ],
  ["`npm install` beside old majors of every peer", "goes through", "test/package/peers.test.ts", "ERESOLVE"],
  ["Next.js, standalone", "works", "test/examples/next.test.ts", "standalone server"],
];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => "---")), ...rows].join("\n");

/** One line for each driver: the versions, and the ways with the major that first has them. */
function driverRows(): string[] {
  return compatibility.map(({ store, name, older, ways }) => {
    const versions = name === undefined ? [] : versionsOf({ name, older });
    const titled = (refused: boolean): string =>
      ways
        .filter((way) => (way.refused !== undefined) === refused)
        .map(
          ({ title, since, refused: code }) =>
            `${title}${since ? ` (from ${since})` : ""}${code ? `: \`${code}\`` : ""}`,
        )
        .join(", ");
    const has = versions.map(({ version }) => version).filter((version) => ways.some((way) => hasWay(way, version)));
    return row(store, name ? `\`${name}\`` : "its own", has.join(", ") || "–", titled(false), titled(true) || "–");
  });
}

/** The version of a runtime by its name in scripts/run-runtimes.ts. */
function versionOfRuntime(name: string): string {
  const { dependencies, optionalDependencies = {} } = manifestOf(tools);
  const aliased = Object.entries(optionalDependencies).find(([each]) => each.startsWith(`${name}-`))?.[1];
  return aliased?.split("@").at(-1) ?? dependencies[name] ?? "";
}

function runtimeRows(): string[] {
  const stores = everywhere.map(({ title }) => title).join(", ");
  const own = runtimes.map(({ name, sqlite }) =>
    row(
      name.replace(/^node/, "Node "),
      versionOfRuntime(name),
      sqlite.map((each) => `\`${each}\``).join(", ") || "by path",
      stores,
    ),
  );
  return [
    ...own,
    row("workerd", versionOfRuntime("workerd"), "–", "the modes over the memory store; Cloudflare's stores"),
  ];
}

function toolRows(): string[] {
  const { dependencies } = manifestOf(toolchains);
  const named = ["webpack", "nitro", "jest"].map((name) =>
    row(`\`${name}\``, dependencies[name] ?? "", "`test/package/toolchains.test.ts`"),
  );
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  return [
    ...named,
    row("`vitest`, under fake timers", devDependencies.vitest ?? "", "`test/package/toolchains.test.ts`"),
    row("`esbuild`, for Workers", devDependencies.esbuild ?? "", "`scripts/run-runtimes.ts`"),
  ];
}

/** The page as it should be. */
export function compatibilityPage(): string {
  return `# Compatibility

What is tested with what. This page is made by \`npm run docs:compatibility\` of the tables that the tests run, so it says nothing that
was not run; what is not here may work, and nobody has looked. A major that a driver's client cannot work with is refused at start, with
a [code](errors.md).

## Drivers

Each version is opened in each way over the packed package, on a real server: records, races of two updates, limits, lists and
revocations of a user, text of every kind, \`health()\`, and a process that ends by itself (\`test/package/drivers.test.ts\`). A URL takes the
first driver that is installed.

${table(["store", "driver", "versions", "opened by", "refused"], driverRows())}

A single connection (\`Client\` of \`pg\`, a connection of \`mysql2\`) works, and is not replaced when it is lost: a pool is.

\`better-sqlite3\` 13 is run on Node 24 below. 7 to 12 have the same interface and are not run: they need a compiler, or a download
that the tests do not make. On Node 20 better-sqlite3 13 does not load and is refused by name. MySQL is tested as MariaDB.

## Runtimes

The same smoke test of all modes runs on each (\`test/runtimes/\`), the SQLite store over each driver that is there, and the stores of
the last column over the newest driver of each.

${table(["runtime", "version", "SQLite", "stores"], runtimeRows())}

## Set-ups

${table(
  ["set-up", "outcome", "test"],
  SETUPS.map(([setup, what, test]) => row(setup, what, `\`${test}\``)),
)}

## Tools

${table(["tool", "version", "test"], toolRows())}
`;
}

/** The tests that the page names, and what must be found in each. */
export const testsOfPage: readonly (readonly [test: string, holds: string])[] = SETUPS.map(
  ([, , test, holds]) => [test, holds] as const,
);

/** The packages of tools/drivers that the page must name. */
export const olderDrivers: readonly string[] = Object.keys(manifestOf(drivers).dependencies);

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, PAGE), compatibilityPage());
