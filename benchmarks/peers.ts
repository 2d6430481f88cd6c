/** The packages that are compared with: in a folder of their own, so that nobody else has to install them. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Built files run in another folder, but always from the project's. */
const manifest = join(process.cwd(), "benchmarks/package.json");
const require = createRequire(manifest);

export function peer<Module>(name: string): Module {
  return require(name) as Module;
}

/** The names and exact versions that are asked for. */
export function peerVersions(): Readonly<Record<string, string>> {
  return (require(manifest) as { dependencies: Record<string, string> }).dependencies;
}

/** The drivers, which are the project's own: everybody is measured with the same ones. */
export function driverVersions(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    ["libsql", "redis", "ioredis", "pg"].map((name) => [name, versionIn("node_modules", name)]),
  );
}

/** Read and not required: a package need not export its manifest. */
function versionIn(folder: string, name: string): string {
  const text = readFileSync(join(process.cwd(), folder, name, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Whether every peer is there, in the version that is asked for. */
export function arePeersInstalled(): boolean {
  return Object.entries(peerVersions()).every(([name, version]) => {
    const folder = "benchmarks/node_modules";
    return existsSync(join(folder, name)) && versionIn(folder, name) === version;
  });
}
