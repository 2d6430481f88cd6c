/** docs/compatibility.md says what the tests run, and no more. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compatibility } from "../../scripts/compatibility.ts";
import { compatibilityPage, olderDrivers, testsOfPage } from "../../scripts/compatibility-page.ts";
import { root } from "../../scripts/run.ts";

test("docs/compatibility.md is what the tables of the tests make", () => {
  const page = readFileSync(join(root, "docs/compatibility.md"), "utf8");
  expect(page, "make it anew with: npm run docs:compatibility").toBe(compatibilityPage());
});

test.each(testsOfPage)("%s, which it names, is there and still has %j", (file, holds) => {
  expect(existsSync(join(root, file))).toBe(true);
  expect(readFileSync(join(root, file), "utf8")).toContain(holds);
});

test("every version that is installed for it is run", () => {
  expect(compatibility.flatMap(({ older }) => older).sort()).toEqual([...olderDrivers].sort());
});

test("every driver that the peer ranges name is in it", () => {
  const { peerDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    peerDependencies: Record<string, string>;
  };
  const named = Object.keys(peerDependencies).filter((name) => /sql|redis|^pg$|^postgres$/.test(name));
  for (const name of named) expect(compatibilityPage()).toContain(`\`${name}\``);
});
