/** What npm would publish. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { linksOf } from "../docs/markdown.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const args = ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel", "error"];
const packed = execFileSync("npm", args, { cwd: root, encoding: "utf8" });
const [tarball] = JSON.parse(packed) as [Packed];
const paths = tarball.files.map((file) => file.path);
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

test("holds the build, the docs, the readme and the licence, and nothing else", () => {
  const expected = /^(dist\/.+\.(js|js\.map|d\.c?ts)|docs\/.+\.(md|png)|[A-Z]+\.md|LICENSE|package\.json)$/;
  expect(paths.filter((path) => !expected.test(path))).toEqual([]);
  expect(paths).toContain("LICENSE");
  expect(paths).toContain("dist/index.js");
});

test("is a few modules, each with its source map, and not a file for each source", () => {
  const modules = paths.filter((path) => path.endsWith(".js"));
  expect(modules.length).toBeLessThan(75);
  // The others only hand on what is in these.
  const code = modules.filter((path) => textOf(path).length > 1_000);
  expect(code.filter((path) => !paths.includes(`${path}.map`))).toEqual([]);
});

test("an application with the memory store loads few modules", () => {
  const loaded = new Set<string>();
  const follow = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const [, from = ""] of textOf(path).matchAll(/from "(\.[^"]+)"|^import "(\.[^"]+)"/gm))
      follow(join(dirname(path), from));
  };
  for (const entry of ["dist/index.js", "dist/stores/memory.js", "dist/crypto/node.js"]) follow(entry);
  expect([...loaded].sort().length).toBeLessThanOrEqual(10);
});

test("keeps what editors show: the docstrings of types", () => {
  const declared = paths.filter((path) => path.endsWith(".d.ts")).map(textOf);
  expect(declared.some((text) => text.includes("Ends after so long without a request."))).toBe(true);
});

test("has no link to a page, an image or a file that it does not have", () => {
  const dead = paths
    .filter((path) => path.endsWith(".md"))
    .flatMap((page) =>
      linksOf(textOf(page))
        .map((link) => normalize(join(dirname(page), link.split("#")[0] ?? "")))
        .filter((target) => target !== "." && !paths.includes(target) && target !== dirname(page))
        .map((target) => `${page}: ${target}`),
    );
  expect(dead).toEqual([]);
});

// Half of it are the source maps, which hold the sources.
test("stays under 1.6 MB packed, fifteen stores, the documentation, the contract suite and the sources included", () => {
  expect(tarball.size).toBeLessThan(1_600_000);
});
