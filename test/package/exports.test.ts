/** The public surface: every subpath that package.json lists, and every name that it exports. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { pending, readManifest, subpaths } from "../../scripts/manifest.ts";

const root = new URL("../..", import.meta.url);
const manifest = readManifest();
const missing = pending(manifest);
/** These stand in for CommonJS packages: `import` has a default, and `require` gives it. */
const functions: readonly string[] = ["./express-session"];
const present = subpaths(manifest).filter(([subpath]) => !missing.includes(subpath));

test("there is a main entry", () => {
  expect(missing).not.toContain(".");
});

test.each(present)("%s exists with its types and exports what it did", async (subpath, target) => {
  expect(Object.keys(target)).toEqual(["types", "default"]);
  expect(target.types).toEqual({
    require: target.default.replace(/\.js$/, ".d.cts"),
    default: target.default.replace(/\.js$/, ".d.ts"),
  });
  for (const file of Object.values(target.types)) expect(existsSync(new URL(file, root)), file).toBe(true);
  const names = Object.keys(await import(new URL(target.default, root).href)).sort();
  expect(names.includes("default"), subpath).toBe(functions.includes(subpath));
  expect(names).toMatchSnapshot();
});

test.each(present)("%s is what the package's own name leads to", (subpath, target) => {
  const specifier = subpath.replace(/^\./, manifest.name);
  expect(import.meta.resolve(specifier)).toBe(new URL(target.default, root).href);
});

test("compilers and tools that know no exports find every entry", () => {
  expect([manifest.main, manifest.types]).toEqual(["./dist/index.js", "./dist/index.d.ts"]);
  const below = present.filter(([subpath]) => subpath !== ".");
  expect(manifest.typesVersions).toEqual({
    "*": Object.fromEntries(below.map(([subpath, { types }]) => [subpath.slice(2), [types.default]])),
  });
});

test("CommonJS can require it (Node 20.19 and later: no top-level await anywhere)", () => {
  const require = createRequire(import.meta.url);
  for (const [subpath] of present) {
    const kind = functions.includes(subpath) ? "function" : "object";
    expect(require(subpath.replace(/^\./, manifest.name)), subpath).toBeTypeOf(kind);
  }
});

test("#crypto has a module for every platform", () => {
  const crypto = manifest.imports["#crypto"] ?? {};
  expect(Object.keys(crypto)).toEqual(["node", "bun", "deno", "default"]);
  for (const file of Object.values(crypto)) expect(existsSync(new URL(file, root)), file).toBe(true);
});

test("nothing outside of the list can be imported", () => {
  expect(() => import.meta.resolve(`${manifest.name}/dist/index.js`)).toThrow(/not defined by "exports"/);
});

test("the package has no dependencies, and its peers are optional", () => {
  expect(manifest.dependencies).toBeUndefined();
  for (const peer of Object.keys(manifest.peerDependencies))
    expect(manifest.peerDependenciesMeta[peer], peer).toEqual({ optional: true });
});
