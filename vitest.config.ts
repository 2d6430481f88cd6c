import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Tests read the sources; test/package reads what is built and packed. */
export const alias = [
  { find: /^#crypto$/, replacement: src("crypto/node.ts") },
  { find: /^sojourn$/, replacement: src("index.ts") },
  { find: /^sojourn\/stores$/, replacement: src("stores/open.ts") },
  { find: /^sojourn\/stores\/(.*)$/, replacement: src("stores/$1.ts") },
  { find: /^sojourn\/codecs\/(.*)$/, replacement: src("codec/$1.ts") },
  { find: /^sojourn\/transports\/(.*)$/, replacement: src("transport/$1.ts") },
  { find: /^sojourn\/migrate$/, replacement: src("migrate/migrate.ts") },
  { find: /^sojourn\/client$/, replacement: src("client/index.ts") },
  { find: /^sojourn\/client\/(.*)$/, replacement: src("client/$1.ts") },
  { find: /^sojourn\/testing$/, replacement: src("testing/index.ts") },
  { find: /^sojourn\/([a-z0-9.-]+)$/, replacement: src("adapters/$1.ts") },
];

/** The folders of test/ that are a project of their own. Every other test file is in the project "unit". */
const folders = ["contracts", "properties", "scenarios", "package", "browser", "frameworks", "examples"];

/** A folder of test/ as a project, named like it. */
const project = (name: string, test: object = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...test },
});

export default defineConfig({
  resolve: { alias },
  test: {
    testTimeout: 60_000,
    // A server starts or ends in a hook, and to remove what a thousand tables leave behind takes its time on a busy disk.
    hookTimeout: 120_000,
    // What is waited for comes, but on a loaded machine with a slow disk not within a second.
    expect: { poll: { timeout: 20_000 } },
    pool: "forks",
    coverage: { include: ["src/**"] },
    projects: [
      project("unit", {
        include: ["test/**/*.test.ts"],
        exclude: folders.map((folder) => `test/${folder}/**`),
      }),
      project("contracts", { testTimeout: 120_000 }),
      project("properties", { testTimeout: 60_000 }),
      project("scenarios"),
      project("types", {
        include: [],
        typecheck: {
          enabled: true,
          only: true,
          include: ["test/types/**/*.test-d.ts"],
          tsconfig: "tsconfig.json",
          // `npm run typecheck` reports those of the sources, once.
          ignoreSourceErrors: true,
        },
      }),
      {
        // No aliases here, and dist is not transformed: these tests see what a consumer sees.
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/package/setup.ts",
          server: { deps: { external: [/\/dist\//] } },
          testTimeout: 60_000,
        },
      },
      // Imports find what is installed in the folder itself.
      project("frameworks", { exclude: ["**/node_modules/**"], testTimeout: 120_000 }),
      project("browser", { fileParallelism: false, testTimeout: 120_000 }),
      // They run what is built, in the applications of examples/.
      project("examples", { globalSetup: "test/package/setup.ts", testTimeout: 120_000 }),
    ],
  },
});
