import { existsSync } from "node:fs";
import type { KnipConfig } from "knip";
import { readManifest, sourceOf, subpaths } from "./scripts/manifest.ts";

const manifest = readManifest();
const built = [
  ...subpaths(manifest).map(([, target]) => target.default),
  ...Object.values(manifest.imports["#crypto"] ?? {}),
  ...Object.values(manifest.bin ?? {}),
];

/** What is written for a folder, as long as the folder is not there. */
const until = (folder: string, ...packages: readonly string[]): readonly string[] =>
  existsSync(new URL(folder, import.meta.url)) ? [] : packages;

const config: KnipConfig = {
  entry: [
    ...new Set(built.map(sourceOf)),
    "scripts/{test,lint-package,run-runtimes}.ts",
    "{demo,benchmarks}/main.ts",
    "test/runtimes/{main,worker,sqlite}.mjs",
    "test/package/apps/*.js",
  ],
  project: ["{src,test,scripts,demo,benchmarks}/**/*.{ts,js,mjs}"],
  // A type that only its own file uses is exported for the declarations that name it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  ignoreDependencies: [
    // Run by path, in scripts/lint-package.ts.
    "@arethetypeswrong/cli",
    "publint",
    ...until("demo", "@hono/node-server", "express", "@types/express", "hono", "tough-cookie"),
    ...until("benchmarks", "mitata"),
    ...until("test/browser", "playwright-core"),
  ],
};

export default config;
