/** `npm create sojourn`, with the package as it is packed now beside it. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root, run } from "../../scripts/run.ts";
import { stagePackage } from "../../scripts/staged-package.ts";

const staged = await stagePackage();
const { app } = staged;
const modules = join(app, "node_modules");
afterAll(() => staged.remove());

test("it holds what it runs, and no more", () => {
  const folder = join(root, "packages/create-sojourn");
  const args = ["pack", "--dry-run", "--json", "--loglevel", "error"];
  const [{ files }] = JSON.parse(execFileSync("npm", args, { cwd: folder, encoding: "utf8" }));
  expect(files.map(({ path }: { path: string }) => path).sort()).toEqual(["README.md", "index.js", "package.json"]);
});

test("npm create sojourn writes what the framework in the folder needs, once", async () => {
  cpSync(join(root, "packages/create-sojourn"), join(modules, "create-sojourn"), { recursive: true });
  mkdirSync(join(modules, ".bin"), { recursive: true });
  symlinkSync("../create-sojourn/index.js", join(modules, ".bin/create-sojourn"));
  writeFileSync(
    join(app, "package.json"),
    JSON.stringify({ private: true, dependencies: { "@sveltejs/kit": "3.0.0" } }),
  );
  const create = () =>
    run("npm", ["create", "sojourn", "--offline", "--", "--store", "memory"], { cwd: app, seconds: 60, quiet: true });
  const first = await create();
  expect(first.output).toContain("SvelteKit");
  expect(first.ok, first.output).toBe(true);
  expect(existsSync(join(app, "src/hooks.server.js"))).toBe(true);
  const before = readFileSync(join(app, "src/hooks.server.js"), "utf8");
  const second = await create();
  expect([second.ok, second.output.includes("kept   src/hooks.server.js")]).toEqual([false, true]);
  expect(readFileSync(join(app, "src/hooks.server.js"), "utf8")).toBe(before);
});
