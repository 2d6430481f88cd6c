/** What can be counted in the documentation: sections, links, lengths, docstrings. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../scripts/run.ts";
import { run } from "../../src/cli/run.ts";
import { anchorsOf, headingsOf, linksOf, withoutCode } from "./markdown.ts";
import { markdownPages, sourceFiles } from "./pages.ts";
import { docstringBefore, type Exported, publicSurface } from "./surface.ts";

const pages = markdownPages();
const sources = sourceFiles();
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

test("README.md has at most 150 lines", () => {
  expect(textOf("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
});

test("docs/errors.md has a section for every code, and no other", () => {
  const union = /type SessionErrorCode =([^;]+);/.exec(textOf("src/errors.ts"))?.[1] ?? "";
  const codes = [...union.matchAll(/"(SOJOURN_\w+)"/g)].map(([, code]) => code);
  const sections = headingsOf(textOf("docs/errors.md"), 2);
  expect(codes.length).toBeGreaterThan(10);
  expect([...sections].sort()).toEqual([...codes].sort());
});

test("every section of docs/errors.md begins with the status that the error has", () => {
  const statuses = Object.fromEntries(
    [...textOf("src/errors.ts").matchAll(/^ {2}(SOJOURN_\w+): (\d{3}),$/gm)].map(([, code, status]) => [code, status]),
  );
  const told = Object.fromEntries(
    [...textOf("docs/errors.md").matchAll(/^## (SOJOURN_\w+)\n\n(\d{3})\./gm)].map(([, code, status]) => [
      code,
      status,
    ]),
  );
  expect(told).toEqual(statuses);
});

test("docs/operations.md has a row for every event, and no other", () => {
  const types = [...textOf("src/events.ts").matchAll(/^ {2}(\w+): true,$/gm)].map(([, type]) => type);
  const table = /^\| event \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)/m.exec(textOf("docs/operations.md"))?.[1] ?? "";
  const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, type]) => type);
  expect(types.length).toBeGreaterThan(5);
  expect([...rows].sort()).toEqual([...types].sort());
});

describe("links", () => {
  test.each(pages.map(({ path, text }) => [path, text] as const))("of %s lead somewhere", (path, text) => {
    const dead = linksOf(text).filter((link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : normalize(join(dirname(path), file));
      if (target.startsWith("..") || !existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(textOf(target)).has(anchor);
    });
    expect(dead).toEqual([]);
  });

  test("in comments, messages and tables lead to pages that are there", () => {
    const named = [...sources, ...pages].flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w/])docs\/[\w-]+\.md/g)].map(([page]) => `${path}: ${page}`),
    );
    expect(named.filter((each) => !existsSync(join(root, each.slice(each.indexOf(": ") + 2))))).toEqual([]);
  });

  test("every page of docs/ can be reached from README.md or from another page", () => {
    const linked = new Set(
      pages.flatMap(({ path, text }) =>
        linksOf(text).map((link) => normalize(join(dirname(path), link.split("#")[0] ?? ""))),
      ),
    );
    expect(pages.map(({ path }) => path).filter((path) => path.startsWith("docs/") && !linked.has(path))).toEqual([]);
  });
});

test("every command that is written down exists", async () => {
  const commands = new Set(
    [...pages, ...sources].flatMap(({ text }) =>
      [...text.matchAll(/npx sojourn ([a-z]+(?:-[a-z]+)*)/g)].map(([, verb]) => verb ?? ""),
    ),
  );
  const silent = { out: () => {}, err: () => {}, input: () => "" };
  expect(commands).toContain("secret");
  for (const verb of commands) expect(await run([verb, "--help"], silent), verb).toBe(0);
});

test("every test that a page names is there", () => {
  // The pages of frameworks name files of the reader's application.
  const ours = pages.filter(({ path }) => !path.startsWith("docs/frameworks/"));
  const named = ours.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/`((?:test|src|scripts|demo)\/[\w./-]+)`/g)].map(([, file]) => `${path}: ${file}`),
  );
  expect(named.filter((each) => !existsSync(join(root, each.slice(each.indexOf(": ") + 2))))).toEqual([]);
});

describe("docstrings", () => {
  const surface = publicSurface();

  test("are on everything that the package exports", () => {
    expect(surface.length).toBeGreaterThan(60);
    expect(surface.filter(({ docstring }) => docstring === "").map(({ name, file }) => `${file} ${name}`)).toEqual([]);
  });

  test("of functions, classes and constants have an example", () => {
    const bare = surface.filter(({ kind, docstring }) => kind === "value" && !docstring.includes("@example"));
    expect(bare.map(({ name, file }) => `${file} ${name}`)).toEqual([]);
  });

  test("are on every option, with its default, and its unit where it is a number", () => {
    const names = optionTypes(surface);
    const options = sources.flatMap(({ path, text }) => optionsIn(text).map((option) => ({ ...option, path })));
    expect(options.filter(({ owner }) => names.has(owner)).length).toBeGreaterThan(60);
    const faults = options
      .filter(({ owner }) => names.has(owner))
      .flatMap(({ path, owner, name, optional, type, docstring }) => {
        const fault = (what: string): string => `${path} ${owner}.${name} has no ${what}`;
        if (docstring === "") return [fault("docstring")];
        const found: string[] = [];
        if (optional && !/default|always on|\bor nothing\b/i.test(docstring)) found.push(fault("default"));
        if (!type.includes("=>") && /\b(?:number|Duration)\b/.test(type) && !UNIT.test(docstring))
          found.push(fault("unit"));
        return found;
      });
    expect(faults).toEqual([]);
  });
});

const UNIT =
  /\b(?:milliseconds?|ms|\d+ (?:s|min|h|d)|bytes|characters|cookies|sessions|whole number|rows|records|histories|calls|seed)\b|how long|so long/i;

/** The option types that the package exports, and those they are made of. */
function optionTypes(surface: readonly Exported[]): ReadonlySet<string> {
  const names = new Set(
    surface.filter(({ name, kind }) => kind === "type" && name.endsWith("Options")).map(({ name }) => name),
  );
  for (const name of names) {
    const declared = new RegExp(`^export (?:interface|type) ${name}\\b[\\s\\S]*?(?:\\{\\n|;\\n)`, "m");
    for (const { text } of sources) {
      for (const [part] of (declared.exec(text)?.[0] ?? "").matchAll(/\b\w+Options\b/g)) names.add(part);
    }
  }
  return names;
}

interface Option {
  readonly owner: string;
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly docstring: string;
}

/** The members of the interfaces whose name ends in "Options". One that only forbids a value has nothing to say. */
function optionsIn(text: string): Option[] {
  return [...text.matchAll(/^export interface (\w*Options)\b[^{]*\{\n([\s\S]*?)^\}/gm)].flatMap(
    ([, owner = "", body = ""]) =>
      [...body.matchAll(/^ {2}readonly (\w+)(\?)?:([^;]*);/gm)].flatMap((match) => {
        const [, name = "", mark, type = ""] = match;
        if (/^ (?:false \| |"\/" \| )?undefined$/.test(type)) return [];
        const docstring = docstringBefore(body, match.index);
        return [{ owner, name, optional: mark !== undefined, type, docstring }];
      }),
  );
}
