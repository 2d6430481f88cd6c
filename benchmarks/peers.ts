/** The packages that are compared with: in a folder of their own, so that nobody else has to install them. */
import { existsSync } from "node:fs";
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

/** Whether every peer is there, in the version that is asked for. */
export function arePeersInstalled(): boolean {
  return Object.entries(peerVersions()).every(([name, version]) => {
    const file = join(manifest, "../node_modules", name, "package.json");
    return existsSync(file) && (require(file) as { version: string }).version === version;
  });
}
