/** What imports what in `src/`, types as well as values: nothing comes back to where it began. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../src", import.meta.url));
const IMPORT = /^(?:import|export)\s[^;]*?from "(\.[^"]+)";/gm;

const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(IMPORT)].map(([, path = ""]) => relative(root, join(root, dirname(file), path)));
}

/** The files of a circle, the first of them once more at its end; undefined when there is none. */
function findCircle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    const before = path.indexOf(file);
    if (before !== -1) return [...path.slice(before), file];
    if (done.has(file)) return undefined;
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));

test("there is no circle of imports, over types neither", () => {
  expect(imports.size).toBeGreaterThan(300);
  expect(imports.get("session/place.ts")).toContain("session/swap-in-steps.ts");
  expect(findCircle(imports)).toBeUndefined();
});

test("and one would be found", () => {
  const broken = new Map([...imports, ["session/swap-in-steps.ts", ["session/place.ts"]] as const]);
  expect(findCircle(broken)).toEqual(expect.arrayContaining(["session/place.ts", "session/swap-in-steps.ts"]));
});

test("at most a dozen files are at the root", () => {
  expect(files.filter((file) => dirname(file) === ".").length).toBeLessThanOrEqual(12);
});
