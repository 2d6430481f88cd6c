/** Builds what the benchmark runs in processes of its own, so that no loader is in what is measured. */
import { join } from "node:path";
import { build } from "esbuild";

const ENTRIES = ["server", "load", "pieces", "stores", "growth", "in-process/stack"];

/** @returns The folder of the built files. It is inside of the project, so that "sojourn" is what was just built. */
export async function buildBenchmarks(
  names: readonly string[] = ENTRIES,
  tsconfig = "tsconfig.run.json",
): Promise<string> {
  const folder = join(process.cwd(), ".sojourn/benchmarks");
  await build({
    entryPoints: names.map((name) => join(process.cwd(), "benchmarks", `${name}.ts`)),
    outdir: folder,
    outbase: join(process.cwd(), "benchmarks"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    // Not the one with the paths to the sources, unless asked for: what is measured is what is published.
    tsconfig: join(process.cwd(), tsconfig),
    logLevel: "warning",
  });
  return folder;
}
