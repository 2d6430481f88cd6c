/** The declarations, as a consumer's compiler reads them: packed, strict, and with library checks on. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pending, readManifest, subpaths } from "../../scripts/manifest.ts";
import { root, run } from "../../scripts/run.ts";
import { type StagedPackage, stagePackage } from "../../scripts/staged-package.ts";

const manifest = readManifest();
const missing = pending(manifest);
const specifiers = subpaths(manifest)
  .filter(([subpath]) => !missing.includes(subpath))
  .map(([subpath]) => subpath.replace(/^\./, manifest.name));

/** Compilers' settings that a consumer may have; Node's own types stand in for the DOM's in the first. */
const consumers = {
  "module nodenext, without DOM": { module: "nodenext", lib: ["es2023"] },
  "module preserve (a bundler's), with DOM": { module: "preserve", lib: ["es2023", "dom", "dom.iterable"] },
};

let staged: StagedPackage;

beforeAll(async () => {
  staged = await stagePackage();
  const modules = join(staged.app, "node_modules");
  mkdirSync(join(modules, "@types"));
  const linked = ["@types/node", ...Object.keys(manifest.peerDependencies)];
  for (const name of linked.filter((one) => existsSync(join(root, "node_modules", one))))
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  const imports = specifiers.map((specifier, index) => `import * as entry${index} from "${specifier}";`);
  const uses = specifiers.map((_, index) => `entry${index}`).join(", ");
  writeFileSync(join(staged.app, "consumer.ts"), `${imports.join("\n")}\nexport const entries = [${uses}];\n`);
});

afterAll(() => staged.remove());

test.each(Object.entries(consumers))("every entry type-checks with %s", async (name, options) => {
  const config = join(staged.app, `tsconfig.${options.module}.json`);
  const compilerOptions = {
    ...options,
    target: "es2022",
    strict: true,
    noEmit: true,
    types: ["node"],
    skipLibCheck: false,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { ok, output } = await run(process.execPath, [tsc, "-p", config], {
    cwd: staged.app,
    seconds: 60,
    quiet: true,
  });
  expect(output, name).toBe("");
  expect(ok).toBe(true);
});
