/**
 * The same smoke test, over the packed package, on every runtime: the oldest supported Node and every
 * line since, Bun, Deno and workerd; and the SQLite store over each driver on a runtime that has it.
 *
 * Each runtime resolves `sojourn` and `#crypto` by its own rules, from node_modules of an application
 * outside the project. For workerd it is bundled as Wrangler would, without any Node compatibility.
 */
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { type Ran, root, run } from "./run.ts";
import { stagePackage } from "./staged-package.ts";

export interface RuntimeResult {
  /** "node24", "bun sqlite bun:sqlite" */
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Why it did not run; undefined when it did. */
  readonly skipped?: string | undefined;
}

/** Where `npm ci` in tools/runtimes puts the runtimes. */
export const tools: string = join(root, "tools/runtimes");

const modules = join(tools, "node_modules");
const platform = `${process.platform}-${process.arch}`;
const node = (major: number): string => join(modules, `node${major}-${platform}/bin/node`);
/** The program of a Node line that `npm ci` in tools/runtimes provides. */
export const nodeOfRuntimes = (major: number): string => node(major);
const deno = ["run", "--allow-all", "--no-remote", "--no-check", "--node-modules-dir=manual"];

export interface Runtime {
  readonly name: string;
  readonly binary: string;
  /** Arguments before the file. */
  readonly args: readonly string[];
  /** The drivers that the SQLite store is tried with here. */
  readonly sqlite: readonly string[];
}

export const runtimes: readonly Runtime[] = [
  { name: "node20", binary: node(20), args: [], sqlite: ["libsql"] },
  { name: "node22", binary: node(22), args: ["--no-warnings"], sqlite: ["node:sqlite"] },
  { name: "node24", binary: node(24), args: [], sqlite: ["node:sqlite", "better-sqlite3"] },
  { name: "node26", binary: node(26), args: [], sqlite: ["node:sqlite"] },
  { name: "bun", binary: join(modules, ".bin/bun"), args: ["run"], sqlite: ["bun:sqlite"] },
  { name: "deno", binary: join(modules, ".bin/deno"), args: deno, sqlite: [] },
];

const workerd = join(modules, ".bin/workerd");

/** Bundles the smoke test for Workers and writes the configuration that `workerd test` takes. */
async function bundleForWorkers(app: string): Promise<string> {
  const bundle = await build({
    entryPoints: [join(app, "worker.mjs")],
    outfile: join(app, "bundle.mjs"),
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    metafile: true,
    logLevel: "silent",
  });
  const inputs = Object.keys(bundle.metafile.inputs);
  if (inputs.some((input) => input.endsWith("dist/crypto/node.js")))
    throw new Error("#crypto resolved to the Node module for Workers");
  const config = join(app, "workerd.capnp");
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const unitTests :Workerd.Config = (services = [(name = "smoke", worker = (
  modules = [(name = "bundle.mjs", esModule = embed "bundle.mjs")],
  compatibilityDate = "2026-01-01",
))]);
`,
  );
  return config;
}

/** Reads "RESULT 18 passed, 0 failed" off the end; without it the program died, and that is a failure. */
function judge(name: string, ran: Ran): RuntimeResult {
  const result = /RESULT (\d+) passed, (\d+) failed/.exec(ran.output);
  const passed = Number(result?.[1] ?? 0);
  const failed = Number(result?.[2] ?? 0) || (ran.ok && passed > 0 ? 0 : 1);
  console.log(`${failed > 0 ? "✗" : "✓"} ${name}: ${passed} passed, ${failed} failed`);
  if (failed > 0) console.log(`${ran.reason}\n${ran.output}`);
  return { name, passed, failed };
}

function skip(name: string, reason: string): RuntimeResult {
  console.log(`- ${name}: skipped, ${reason}`);
  return { name, passed: 0, failed: 0, skipped: reason };
}

/** Puts the tests into the application, and the SQLite drivers where it finds them. */
function furnish(app: string): void {
  cpSync(join(root, "test/runtimes"), app, { recursive: true });
  const drivers = { libsql: join(root, "node_modules"), "better-sqlite3": modules };
  for (const [driver, folder] of Object.entries(drivers)) {
    const link = join(app, "node_modules", driver);
    mkdirSync(dirname(link), { recursive: true });
    if (existsSync(join(folder, driver))) symlinkSync(join(folder, driver), link);
  }
}

async function runOn(runtime: Runtime, app: string): Promise<readonly RuntimeResult[]> {
  const { name, binary, args, sqlite } = runtime;
  if (!existsSync(binary)) return [skip(name, `no ${binary.slice(root.length)}`)];
  const limits = { cwd: app, seconds: 180, quiet: true, env: { NODE_OPTIONS: undefined } };
  const results = [judge(name, await run(binary, [...args, "main.mjs"], limits))];
  if (!existsSync(join(app, "sqlite.mjs"))) return results;
  for (const driver of sqlite)
    results.push(judge(`${name} ${driver}`, await run(binary, [...args, "sqlite.mjs", driver], limits)));
  return results;
}

async function runOnWorkerd(app: string): Promise<RuntimeResult> {
  if (!existsSync(workerd)) return skip("workerd", `no ${workerd.slice(root.length)}`);
  try {
    const config = await bundleForWorkers(app);
    return judge("workerd", await run(workerd, ["test", config], { cwd: app, seconds: 180, quiet: true }));
  } catch (error) {
    return judge("workerd", { ok: false, output: "", reason: `cannot be bundled: ${(error as Error).message}` });
  }
}

/** Runs on all of them, one after the other. Needs a build in dist. */
export async function runRuntimes(): Promise<readonly RuntimeResult[]> {
  const { app, remove } = await stagePackage();
  try {
    furnish(app);
    const results: RuntimeResult[] = [];
    for (const runtime of runtimes) results.push(...(await runOn(runtime, app)));
    results.push(await runOnWorkerd(app));
    return results;
  } finally {
    remove();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const results = await runRuntimes();
  process.exitCode = results.some((result) => result.failed > 0) ? 1 : 0;
}
