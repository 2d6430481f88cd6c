/** The adapters that docs/writing-an-adapter.md prints are those that test/scenarios/adapters runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/run.ts";
import { examplesOfMarkdown } from "./extract.ts";

const text = (path: string): string => readFileSync(join(root, path), "utf8");
const page = "docs/writing-an-adapter.md";
const printed = examplesOfMarkdown(page, text(page));

test.each(["fetch-like.ts", "node-like.ts"])("%s is printed as it is tested", (name) => {
  const example = printed.find((each) => each.name === name);
  expect(example?.code.join("\n")).toBe(text(`test/support/own-adapters/${name}`).trimEnd());
});
