/** docs/promises.md cannot go stale: it has what is promised elsewhere, word for word, and tests that are there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../scripts/run.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const inOneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
const withoutLinks = (text: string): string => text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");

const page = read("docs/promises.md");

/** The first cells of a table's rows. */
function promisesOf(text: string): string[] {
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  return rows
    .map((row) => withoutLinks(row.split(" | ")[0]?.slice(2) ?? ""))
    .filter((cell) => !/^promise$|^guarantee$/.test(cell));
}

function section(text: string, from: RegExp, to: RegExp): string {
  const rest = text.slice(text.search(from));
  const end = rest.slice(1).search(to);
  return end === -1 ? rest : rest.slice(0, end + 1);
}

/** Every promise, by where it is told. */
const TOLD = {
  "the README": promisesOf(section(read("README.md"), /^## What it guarantees/m, /^## /m)),
  "SECURITY.md": section(read("SECURITY.md"), /^## What Sojourn promises/m, /^## /m)
    .split(/^\d+\. /m)
    .slice(1)
    .map((item) => inOneLine(item.split("\n\n")[0] ?? "")),
  "the contract of a store": section(read("src/stores/store.ts"), /^ \* Rules/m, /^ \*\//m)
    .split(/^ \* - /m)
    .slice(1)
    .map((item) => inOneLine(item.replace(/^ \*/gm, ""))),
};

test.each(Object.entries(TOLD))("has every promise of %s, word for word, and no other", (where, told) => {
  const title = where.replace(/^the/, "The");
  const here = promisesOf(section(page, new RegExp(`^## ${title.replace(".", "\\.")}$`, "m"), /^## /m));
  expect(told.length).toBeGreaterThan(5);
  expect(here).toEqual(told.map(withoutLinks));
});

describe("the tests that it names", () => {
  const named = [...page.matchAll(/`((?:test|src)\/[^`]+)` "([^"]+)"/g)].map(([, file = "", title = ""]) => ({
    file,
    title,
  }));

  test("are at least one for each row", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| promise"));
    expect(rows.filter((row) => !/`(?:test|src)\/[^`]+` "/.test(row))).toEqual([]);
    expect(named.length).toBeGreaterThan(rows.length);
  });

  test.each(named)("$file has $title", ({ file, title }) => {
    expect(existsSync(join(root, file))).toBe(true);
    expect(read(file)).toContain(title);
  });
});
