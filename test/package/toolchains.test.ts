/** The package in the hands of other people's tools: bundled by webpack and by Nitro and run, tested by Jest and by vitest under fake timers. */
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installToolchains, toolchains } from "../../scripts/needs.ts";
import { root, run } from "../../scripts/run.ts";
import { type StagedPackage, stagePackage } from "../../scripts/staged-package.ts";

const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
let staged: StagedPackage;

/** Copies, for file tracers follow what is in the application's folder: the driver of Node 20 with its native part. */
function copyDriver(modules: string): void {
  for (const name of ["libsql", "detect-libc", "@neon-rs", "@libsql"].filter((one) =>
    existsSync(`${root}node_modules/${one}`),
  ))
    cpSync(join(root, "node_modules", name), join(modules, name), { recursive: true });
}

beforeAll(async () => {
  await installToolchains();
  staged = await stagePackage();
  const modules = join(staged.app, "node_modules");
  copyDriver(modules);
  const theirs = join(toolchains, "node_modules");
  // All of the tools' packages, as if they were installed here.
  for (const name of readdirSync(theirs).filter((one) => !one.startsWith(".") && !existsSync(join(modules, one))))
    symlinkSync(join(theirs, name), join(modules, name));
  symlinkSync(join(root, "node_modules/vitest"), join(modules, "vitest"));
  cpSync(join(root, "test/package/toolchain-apps"), staged.app, { recursive: true });
  mkdirSync(join(staged.app, "data"));
}, 600_000);

afterAll(() => staged?.remove());

/** What vitest tells its workers is none of the children's business. */
const clean = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^(VITEST|TEST$|NODE_OPTIONS|JEST)/.test(name))
    .map((name) => [name, undefined]),
);

async function node(...args: readonly string[]): Promise<string> {
  const env = { ...clean, SOJOURN_SECRET: secret, NODE_ENV: "test", CI: "1" };
  const { ok, output, reason } = await run(process.execPath, args, { cwd: staged.app, seconds: 170, quiet: true, env });
  expect(ok, `${reason}\n${output}`).toBe(true);
  return output;
}

const own = (path: string): string => createRequire(join(toolchains, "package.json")).resolve(path);

test("webpack 5 bundles an application with every store, drivers that are not installed forgiven, and it runs", async () => {
  const built = await node("webpack-build.mjs");
  // One that is not installed is a warning. A warning of another kind is ours to mend.
  expect(JSON.parse(built.trim().split("\n").at(-1) ?? "")).toEqual({
    errors: [],
    warnings: expect.arrayContaining([expect.stringContaining("Can't resolve 'ioredis'")]),
    strange: [],
  });
  expect(await node("out/app.cjs")).toContain('sqlite {"n":2} memory {"n":2} redis SOJOURN_INVALID_OPTION');
}, 180_000);

test("Nitro's output holds the driver and runs", async () => {
  await node(join(toolchains, "node_modules/nitro/dist/cli/index.mjs"), "build");
  expect(existsSync(join(staged.app, ".output/server/node_modules/libsql"))).toBe(true);
  expect(await node("nitro-visit.mjs")).toContain('200 {"n":1} 200 {"n":2}');
}, 180_000);

test.each([
  ["as CommonJS, transformed by Babel", "jest.commonjs.config.cjs", []],
  ["as ES modules", "jest.esm.config.cjs", ["--experimental-vm-modules"]],
])(
  "Jest 30 runs it %s, under fake timers",
  async (_, config, flags) => {
    const output = await node(...flags, own("jest/bin/jest"), "--config", config, "--cache=false");
    expect(output).toContain("4 passed");
  },
  180_000,
);

test("vitest runs it under fake timers", async () => {
  const output = await node(join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "vitest.app.config.mjs");
  expect(output).toMatch(/4 passed/);
}, 180_000);
