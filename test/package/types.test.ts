/** The declarations, as a consumer's compiler reads them: packed, strict, and with library checks on. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
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
  "module node16": { module: "node16", lib: ["es2023"] },
};

/** The last compiler that knows "node10"; it comes with attw. */
const oldCompiler = createRequire(join(root, "node_modules/@arethetypeswrong/core/package.json")).resolve(
  "typescript/lib/tsc.js",
);

let staged: StagedPackage;

beforeAll(async () => {
  staged = await stagePackage();
  const modules = join(staged.app, "node_modules");
  const linked = ["@types/node", "@types/express-session", ...Object.keys(manifest.peerDependencies)];
  for (const name of linked.filter((one) => existsSync(join(root, "node_modules", one)))) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  const imports = specifiers.map((specifier, index) => `import * as entry${index} from "${specifier}";`);
  const uses = specifiers.map((_, index) => `entry${index}`).join(", ");
  for (const file of ["consumer.ts", "consumer.cts"])
    writeFileSync(join(staged.app, file), `${imports.join("\n")}\nexport const entries = [${uses}];\n`);
});

afterAll(() => staged.remove());

/** What the compiler says about a file of the application. */
async function compile(file: string, options: object, tsc = join(root, "node_modules/typescript/bin/tsc")) {
  const config = join(staged.app, `tsconfig.${createHash("md5").update(JSON.stringify(options)).digest("hex")}.json`);
  const common = { target: "es2022", strict: true, noEmit: true, types: ["node"], skipLibCheck: false };
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...common, ...options }, files: [file] }));
  return run(process.execPath, [tsc, "-p", config], { cwd: staged.app, seconds: 100, quiet: true });
}

test.each(Object.entries(consumers))("every entry type-checks with %s", async (name, options) => {
  const { ok, output } = await compile("consumer.ts", options);
  expect(output, name).toBe("");
  expect(ok).toBe(true);
});

test.each(["node16", "nodenext"])("every entry type-checks in a CommonJS file with module %s", async (module) => {
  const { ok, output } = await compile("consumer.cts", { module, lib: ["es2023"] });
  expect(output).toBe("");
  expect(ok).toBe(true);
});

test("every entry type-checks with module commonjs and moduleResolution node10", async () => {
  const options = { module: "commonjs", moduleResolution: "node10", lib: ["es2023", "dom"], skipLibCheck: true };
  const { ok, output } = await compile("consumer.ts", options, oldCompiler);
  expect(output).toBe("");
  expect(ok).toBe(true);
});
