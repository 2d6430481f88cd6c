/** docs/adapters.md is as old as the suite that it shows the results of. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { adaptersPage, resultsOf, suiteMark } from "../../scripts/adapters-page.ts";
import { columns, rows } from "../../scripts/adapters-table.ts";
import { root } from "../../scripts/run.ts";

test("the table is of this suite", () => {
  const page = readFileSync(join(root, "docs/adapters.md"), "utf8");
  expect(page, "make it anew with: npm run docs:adapters").toContain(suiteMark());
});

const textOf = (folder: string): string =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, folder, name), "utf8"))
    .join("\n");

test("the suite has each test of the table, and the table each adapter of the suite", () => {
  const suite = textOf("test/support/adapter-suites");
  const tests = rows.flatMap((row) => row.tests).map((title) => title.replace(/: \/.*/, ": "));
  expect(tests.filter((title) => !suite.includes(title))).toEqual([]);
  const adapters = `${readFileSync(join(root, "test/support/adapters.ts"), "utf8")}${textOf("test/frameworks/servers")}`;
  const names = [...adapters.matchAll(/^ +name: "(?!docs, )([^"]+)"/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(14);
  const known = columns.flatMap((column) => column.adapters);
  expect(names.filter((name) => !known.includes(name ?? ""))).toEqual([]);
});

const passed = columns.flatMap(({ adapters }) =>
  adapters.flatMap((adapter) =>
    rows.flatMap(({ tests }) => tests.map((title) => ({ ancestorTitles: [adapter], title, status: "passed" }))),
  ),
);

test("what did not pass, or was not run without a reason, makes no table", () => {
  expect(adaptersPage(resultsOf(passed))).toContain("| yes |");
  const [first, ...others] = passed;
  expect(() => adaptersPage(resultsOf([{ ...first, status: "failed" } as never, ...others]))).toThrow(/did not pass/);
  const lost = passed.filter(({ title }) => title !== "counts");
  expect(() => adaptersPage(resultsOf(lost))).toThrow(/nobody says why/);
});
