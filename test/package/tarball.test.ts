/** What npm would publish. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel", "error"];
const packed = execFileSync("npm", args, { cwd: root, encoding: "utf8" });
const [tarball] = JSON.parse(packed) as [Packed];
const paths = tarball.files.map((file) => file.path);

test("holds the build, the docs, the readme and the licence, and nothing else", () => {
  const expected = /^(dist\/.+\.(js|d\.ts)|docs\/.+\.md|README\.md|LICENSE|package\.json)$/;
  expect(paths.filter((path) => !expected.test(path))).toEqual([]);
  expect(paths).toContain("LICENSE");
  expect(paths).toContain("dist/index.js");
});

test("has types for every module", () => {
  const modules = paths.filter((path) => path.endsWith(".js"));
  expect(modules.filter((path) => !paths.includes(path.replace(/\.js$/, ".d.ts")))).toEqual([]);
});

test("stays under 400 kB packed, fifteen stores, the documentation and the contract suite included", () => {
  expect(tarball.size).toBeLessThan(400_000);
});
