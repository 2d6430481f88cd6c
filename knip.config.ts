import type { KnipConfig } from "knip";
import { readManifest, sourceOf, subpaths } from "./scripts/manifest.ts";

const manifest = readManifest();
const built = [
  ...subpaths(manifest).map(([, target]) => target.default),
  ...Object.values(manifest.imports["#crypto"] ?? {}),
  ...Object.values(manifest.bin ?? {}),
];

const config: KnipConfig = {
  entry: [
    ...new Set(built.map(sourceOf)),
    "scripts/{test,example,mutation,lint-package,run-runtimes,complete-lock,options-page,adapters-page,follow-pages}.ts",
    "demo/main.ts",
    "benchmarks/{main,server,load,pieces,stores,growth,in-process/stack}.ts",
    "benchmarks/scale/{main,measure}.ts",
    "test/runtimes/{main,worker,sqlite}.mjs",
    "test/package/apps/*.js",
    "test/package/driver-apps/*.mjs",
    "test/support/cloudflare/worker.ts",
    "test/support/processes/{rolling-child,wait-for-sigint}.ts",
    "demo/assets/*.js",
  ],
  project: ["{src,test,scripts,demo,benchmarks}/**/*.{ts,js,mjs}"],
  // A type that only its own file uses is exported for the declarations that name it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // They have packages of their own, which may not be installed.
  ignore: ["test/frameworks/**", "test/package/toolchain-apps/**"],
  ignoreDependencies: [
    // Run by path, in scripts/lint-package.ts.
    "@arethetypeswrong/cli",
    "publint",
  ],
};

export default config;
