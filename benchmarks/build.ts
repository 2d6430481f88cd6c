/** Builds what the benchmark runs in processes of its own, so that no loader is in what is measured. */
import { join } from "node:path";
import { build } from "esbuild";

const ENTRIES = ["server", "load", "pieces", "growth"];

/** @returns The folder of the built files. It is inside of the project, so that "sojourn" is what was just built. */
export async function buildBenchmarks(): Promise<string> {
  const folder = join(process.cwd(), ".sojourn/benchmarks");
  await build({
    entryPoints: ENTRIES.map((name) => join(process.cwd(), "benchmarks", `${name}.ts`)),
    outdir: folder,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    // Not the one with the paths to the sources: what is measured is what is published.
    tsconfig: join(process.cwd(), "tsconfig.run.json"),
    logLevel: "warning",
  });
  return folder;
}
