/** docs/options.md and the docstrings say what the table of options has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { optionsPage, optionWords, timeText } from "../../scripts/options-page.ts";
import { root } from "../../scripts/run.ts";
import { OPTIONS } from "../../src/config/table.ts";
import { milliseconds } from "../../src/duration.ts";

const words = optionWords();
const textOf = (name: string): string => words.get(name)?.text.replace(/\s+/g, " ") ?? "";

test("docs/options.md is what the table and the docstrings make", () => {
  const page = readFileSync(join(root, "docs/options.md"), "utf8");
  expect(page, "make it anew with: npm run docs:options").toBe(optionsPage());
});

test.each(Object.entries(OPTIONS))(
  "the docstring of %s names the default, the bounds and the consequence",
  (name, option) => {
    const text = textOf(name);
    if (option.kind === "choice" && option.default !== undefined)
      expect(text).toContain(`Default ${JSON.stringify(option.default)}`);
    if (option.kind === "duration") {
      if (option.default !== undefined)
        expect(text).toContain(`Default ${timeText(milliseconds(name, option.default))}`);
      if (option.least > 1) expect(text).toContain(timeText(option.least));
      if (Number.isFinite(option.most)) expect(text).toContain(timeText(option.most));
    }
    if (option.kind === "whole") expect(text).toMatch(new RegExp(`\\b${option.least}\\b`));
    if (option.logsOut) expect(text).toMatch(/logs everybody out|is logged out/);
  },
);
