/** Breaks every rule of the layers once, in a copy of the tree outside the project, and sees Biome object. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;

/** Source files, each with the rules that it breaks; none for those that must pass. */
const files: Record<string, { readonly source: string; readonly breaks: readonly string[] }> = {
  // What the others import.
  "src/errors.ts": { source: "export const error = 1;\n", breaks: [] },
  "src/index.ts": { source: "export const core = 1;\n", breaks: [] },
  "src/crypto/mac.ts": { source: uses("../errors.ts"), breaks: [] },
  "src/stores/store.ts": { source: "export type Store = number;\n", breaks: [] },
  "src/stores/memory.ts": { source: uses("../errors.ts", "./store.ts"), breaks: [] },
  "src/stores/parts/text.ts": { source: uses("../../errors.ts", "../store.ts"), breaks: [] },
  "src/stores/sql/row.ts": { source: uses("../../errors.ts", "../parts/text.ts"), breaks: [] },
  "src/stores/sqlite/schema.ts": {
    source: uses("../../errors.ts", "../store.ts", "../sql/row.ts", "../parts/text.ts"),
    breaks: [],
  },
  "src/adapters/fetch.ts": { source: uses("../index.ts"), breaks: [] },
  "src/adapters/node/hold-response.ts": {
    source: `import "node:http";\n${uses("../../index.ts", "../fetch.ts")}`,
    breaks: [],
  },
  "src/testing/suite.ts": { source: uses("../stores/store.ts", "../index.ts"), breaks: [] },
  "src/testing/contract/basics.ts": { source: uses("../../stores/store.ts", "../suite.ts"), breaks: [] },
  "src/transport/cookie.ts": { source: uses("../crypto/mac.ts", "../errors.ts"), breaks: [] },
  "src/cli/main.ts": {
    source: `import "node:fs";\n${uses("../stores/memory.ts")}console.log(process.argv);\n`,
    breaks: [],
  },
  "src/stores/sqlite.ts": { source: 'import "node:fs";\nexport const size = Buffer.byteLength("");\n', breaks: [] },

  // The layers, one breach each.
  "src/core-store.ts": { source: uses("./stores/memory.ts"), breaks: ["noRestrictedImports"] },
  "src/core-adapter.ts": { source: uses("./adapters/fetch.ts"), breaks: ["noRestrictedImports"] },
  "src/core-testing.ts": { source: uses("./testing/suite.ts"), breaks: ["noRestrictedImports"] },
  "src/request/core-store.ts": { source: uses("../stores/memory.ts"), breaks: ["noRestrictedImports"] },
  "src/crypto/upwards.ts": { source: uses("../index.ts"), breaks: ["noRestrictedImports"] },
  "src/crypto/sideways.ts": { source: uses("../transport/cookie.ts"), breaks: ["noRestrictedImports"] },
  "src/codec/upwards.ts": { source: uses("../index.ts"), breaks: ["noRestrictedImports"] },
  "src/transport/upwards.ts": { source: uses("../stores/memory.ts"), breaks: ["noRestrictedImports"] },
  "src/csrf/upwards.ts": { source: uses("../adapters/fetch.ts"), breaks: ["noRestrictedImports"] },
  "src/stores/upwards.ts": { source: uses("../index.ts"), breaks: ["noRestrictedImports"] },
  "src/stores/crypto.ts": { source: uses("../crypto/mac.ts"), breaks: ["noRestrictedImports"] },
  "src/stores/file/upwards.ts": { source: uses("../../index.ts"), breaks: ["noRestrictedImports"] },
  "src/stores/file/other-store.ts": { source: uses("../sqlite/schema.ts"), breaks: ["noRestrictedImports"] },
  "src/adapters/inside.ts": { source: uses("../crypto/mac.ts"), breaks: ["noRestrictedImports"] },
  "src/adapters/store.ts": { source: uses("../stores/memory.ts"), breaks: ["noRestrictedImports"] },
  "src/adapters/node/inside.ts": { source: uses("../../crypto/mac.ts"), breaks: ["noRestrictedImports"] },
  "src/testing/store.ts": { source: uses("../stores/memory.ts"), breaks: ["noRestrictedImports"] },
  "src/testing/contract/adapter.ts": { source: uses("../../adapters/fetch.ts"), breaks: ["noRestrictedImports"] },

  // Runs on Workers: no Node.
  "src/node-import.ts": { source: 'import "node:fs";\n', breaks: ["noNodejsModules"] },
  "src/stores/node-import.ts": { source: 'import "node:fs";\n', breaks: ["noNodejsModules"] },
  "src/node-global.ts": { source: 'export const size = Buffer.byteLength("");\n', breaks: ["noRestrictedGlobals"] },
  "src/environment.ts": { source: "export const mode = process.env.NODE_ENV;\n", breaks: ["noRestrictedGlobals"] },

  // The house rules.
  "src/cycle-a.ts": { source: uses("./cycle-b.ts"), breaks: ["noImportCycles"] },
  "src/cycle-b.ts": { source: uses("./cycle-a.ts"), breaks: ["noImportCycles"] },
  "src/long.ts": {
    source: Array.from({ length: 301 }, (_, line) => `export const a${line} = 1;\n`).join(""),
    breaks: ["noExcessiveLinesPerFile"],
  },
  "src/long-function.ts": {
    source: `export function long(): void {\n${"  Math.random();\n".repeat(61)}}\n`,
    breaks: ["noExcessiveLinesPerFunction"],
  },
  "src/any.ts": { source: "export type Loose = any;\n", breaks: ["noExplicitAny"] },
  "src/ignore.ts": { source: "// @ts-ignore\nexport const a: string = 1;\n", breaks: ["noTsIgnore"] },
  "src/type-import.ts": {
    source: 'import { Store } from "./stores/store.ts";\nexport type Mine = Store;\n',
    breaks: ["useImportType"],
  },
  "src/floating.ts": {
    source: "async function save(): Promise<void> {}\nexport function lose(): void {\n  save();\n}\n",
    breaks: ["noFloatingPromises"],
  },
  "src/star.ts": { source: 'export * from "./errors.ts";\n', breaks: ["noReExportAll"] },
  "src/default.ts": { source: "export default 1;\n", breaks: ["noDefaultExport"] },
  "src/log.ts": { source: "console.log(1);\n", breaks: ["noConsole"] },
  "src/extension.ts": { source: uses("./errors"), breaks: ["useImportExtensions"] },
  "src/CamelCase.ts": { source: "export const a = 1;\n", breaks: ["useFilenamingConvention"] },
  "test/unit/skipped.test.ts": {
    source: 'import { test } from "vitest";\ntest.skip("nothing", () => {});\n',
    breaks: ["noSkippedTests"],
  },
  "test/unit/only.test.ts": {
    source: 'import { test } from "vitest";\ntest.only("one", () => {});\n',
    breaks: ["noFocusedTests"],
  },
};

function uses(...specifiers: string[]): string {
  return specifiers.map((specifier) => `import "${specifier}";\n`).join("");
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly severity: string;
    readonly location: Location;
  }[];
}
interface Location {
  readonly path: string | { readonly file: string };
}

const tree = mkdtempSync(join(tmpdir(), "sojourn-layers-"));
const found = new Map<string, Set<string>>();

beforeAll(() => {
  copyFileSync(join(root, "biome.json"), join(tree, "biome.json"));
  for (const [path, { source }] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), source);
  }
  const args = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "."];
  for (const { category, severity, location } of lint(args).diagnostics) {
    if (severity !== "error") continue;
    const path = typeof location.path === "string" ? location.path : location.path.file;
    found.set(path, (found.get(path) ?? new Set()).add(category.split("/").at(-1) ?? category));
  }
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** Biome ends with 1 when it objects, which it does here; the report is on stdout all the same. */
function lint(args: readonly string[]): Report {
  try {
    return JSON.parse(
      execFileSync(join(root, "node_modules/.bin/biome"), args, { cwd: tree, encoding: "utf8", stdio: "pipe" }),
    );
  } catch (error) {
    return JSON.parse((error as { stdout: string }).stdout);
  }
}

test.each(Object.entries(files))("biome judges %s", (path, { breaks }) => {
  expect([...(found.get(path) ?? [])].sort()).toEqual([...breaks].sort());
});
