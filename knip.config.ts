import { existsSync } from "node:fs";
import type { KnipConfig } from "knip";
import { readManifest, sourceOf, subpaths } from "./scripts/manifest.ts";

const manifest = readManifest();
const built = [
  ...subpaths(manifest).map(([, target]) => target.default),
  ...Object.values(manifest.imports["#crypto"] ?? {}),
  ...Object.values(manifest.bin ?? {}),
];

/** What is installed for a file, as long as the file is not there. */
const until = (file: string, ...packages: readonly string[]): readonly string[] =>
  existsSync(new URL(file, import.meta.url)) ? [] : packages;

const config: KnipConfig = {
  entry: [
    ...new Set(built.map(sourceOf)),
    "scripts/{test,lint-package,run-runtimes,complete-lock}.ts",
    "{demo,benchmarks}/main.ts",
    "test/runtimes/{main,worker,sqlite}.mjs",
    "test/package/apps/*.js",
    "demo/assets/*.js",
  ],
  project: ["{src,test,scripts,demo,benchmarks}/**/*.{ts,js,mjs}"],
  // A type that only its own file uses is exported for the declarations that name it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  ignoreDependencies: [
    // Run by path, in scripts/lint-package.ts.
    "@arethetypeswrong/cli",
    "publint",
    ...until("demo/main.ts", "@hono/node-server", "tough-cookie"),
    ...until("src/adapters/express.ts", "express", "@types/express"),
    ...until("src/adapters/hono.ts", "hono"),
    ...until("benchmarks/main.ts", "mitata"),
    ...until("test/browser", "playwright-core", "selfsigned"),
    ...until("test/unit/shape.test.ts", "arktype", "valibot", "zod"),
  ],
};

export default config;
