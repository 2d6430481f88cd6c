/**
 * The applications of examples/: what is installed, built and started where. Each has a package.json and a lock file of its own,
 * so that the project installs no framework; `sojourn` in them is a copy of this folder, as npm would publish it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { installExample } from "./needs.ts";
import { type Ran, root, run } from "./run.ts";
import { nodeOfRuntimes } from "./run-runtimes.ts";
import { stagePackage } from "./staged-package.ts";

const folder = join(root, "examples");

interface Manifest {
  readonly scripts?: Record<string, string>;
  readonly engines?: { readonly node?: string };
}

const read = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

export const folderOf = (name: string): string => join(folder, name);
const manifestOf = (name: string): Manifest => read(join(folderOf(name), "package.json"));

/** The names of all examples that can be started. */
export function exampleNames(): readonly string[] {
  return readdirSync(folder).filter(
    (name) => existsSync(join(folder, name, "package.json")) && manifestOf(name).scripts?.start !== undefined,
  );
}

/** Installs it, where it is not, and the Node that it takes; undefined when they are there, else why they could not be had. */
export function install(name: string): Promise<string | undefined> {
  return installExample(folderOf(name), takesThisNode(name));
}

/** A test file that cannot run, for its example could not be installed. */
export interface Uninstalled {
  readonly file: string;
  readonly reason: string;
}

/** Installs the examples of these test files (test/examples/next.test.ts: examples/next), one after the other. */
export async function installFor(files: readonly string[]): Promise<readonly Uninstalled[]> {
  const missing: Uninstalled[] = [];
  for (const file of files) {
    const reason = await install(basename(file, ".test.ts"));
    if (reason !== undefined) missing.push({ file, reason });
  }
  return missing;
}

/** The packages of this project as they are now, in the place of those that `npm ci` found. */
async function refresh(name: string): Promise<void> {
  const modules = join(folderOf(name), "node_modules");
  const staged = await stagePackage();
  try {
    replace(staged.folder, join(modules, "sojourn"));
    replace(join(folder, "common"), join(modules, "sojourn-example-common"));
  } finally {
    staged.remove();
  }
}

function replace(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

/**
 * What an example is built and run with: a Node that it takes (this one, or one of tools/runtimes), and nothing of ours that
 * would change how a framework builds.
 */
export function environmentOf(name: string): Record<string, string | undefined> {
  const node = takesThisNode(name) ? process.execPath : nodeOfRuntimes(24);
  return {
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`,
    ...{ NODE_ENV: undefined, NODE_OPTIONS: undefined, VITEST: undefined, CI: "true" },
    ...{ NEXT_TELEMETRY_DISABLED: "1", ASTRO_TELEMETRY_DISABLED: "1", NUXT_TELEMETRY_DISABLED: "1" },
    SOJOURN_SECRET: undefined,
  };
}

/** Examples say "node": ">=22.12", and no more. */
function takesThisNode(name: string): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [least = 0, leastMinor = 0] = (manifestOf(name).engines?.node ?? ">=20").slice(2).split(".").map(Number);
  return major > least || (major === least && minor >= leastMinor);
}

/** Builds it, without a secret, as a container is built. */
export async function build(name: string): Promise<Ran> {
  await refresh(name);
  return run("npm", ["run", "build"], { cwd: folderOf(name), env: environmentOf(name), seconds: 600, quiet: true });
}
