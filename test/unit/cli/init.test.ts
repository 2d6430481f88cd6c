/** `sojourn init`: the framework of a folder is recognised, what is missing is written, and what is there stays. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { FRAMEWORKS } from "../../../src/cli/init/frameworks.ts";
import { STORES } from "../../../src/cli/init/stores.ts";
import { run } from "../../../src/cli/run.ts";

/** An application's folder with these files. */
function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "sojourn-init-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const packageWith = (...dependencies: readonly string[]): string =>
  JSON.stringify({ dependencies: Object.fromEntries(dependencies.map((name) => [name, "*"])) });

async function init(folder: string, args: readonly string[] = ["--yes"], answer = "") {
  const said = { out: "", err: "" };
  const code = await run(["init", "--folder", folder, ...args], {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    input: () => "",
    line: () => answer,
  });
  return { code, ...said };
}

/** The files that were written, and their text. */
function written(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
  const own = paths.filter((path) => path !== "package.json" && path !== "tsconfig.json");
  return Object.fromEntries(own.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

describe.each(FRAMEWORKS)("in an application of $name", ({ name, dependency, files, page }) => {
  test("writes its files, says so, and names the page", async () => {
    const folder = folderWith({ "package.json": packageWith(dependency), "tsconfig.json": "{}" });
    const { code, out, err } = await init(folder);
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n")[0]).toBe(name);
    const found = written(folder);
    expect(Object.keys(found)).toEqual(files.map(({ path }) => path).sort());
    for (const path of Object.keys(found)) expect(out).toContain(`wrote  ${path}`);
    expect(out).toContain(page);
    expect(existsSync(new URL(`../../../${page}`, import.meta.url))).toBe(true);
  });

  test("imports what there is", async () => {
    const folder = folderWith({ "package.json": packageWith(dependency), "tsconfig.json": "{}" });
    await init(folder);
    for (const text of Object.values(written(folder))) {
      expect(text).not.toContain("{{");
      for (const [, names = "", from = ""] of text.matchAll(/import \{ ([^}]+) \} from "(sojourn[^"]*)"/g)) {
        const values = names.split(", ").filter((each) => !each.startsWith("type "));
        const there: object = await import(from);
        for (const value of values) expect(there, from).toHaveProperty(value);
      }
    }
  });

  test("writes no types where there is no TypeScript", async () => {
    const folder = folderWith({ "package.json": packageWith(dependency) });
    await init(folder);
    const found = written(folder);
    expect(Object.keys(found).filter((path) => !path.endsWith(".js"))).toEqual([]);
    for (const text of Object.values(found)) expect(text).not.toMatch(/interface|<SessionData|\btype |\bas never/);
  });
});

test("takes the full-stack framework and not the server beneath it", async () => {
  const folder = folderWith({ "package.json": packageWith("express", "h3", "next") });
  expect((await init(folder)).out.split("\n")[0]).toBe("Next.js");
});

test("takes an application of none of them for one of node:http", async () => {
  const folder = folderWith({ "package.json": "{}" });
  expect((await init(folder)).out).toMatch(/^node:http\n.*openSession/s);
});

test("changes no file that is there, shows what it would have been, and exits 1", async () => {
  const hooks = "export const handle = mine;\n";
  const folder = folderWith({
    ...{ "package.json": packageWith("@sveltejs/kit"), "tsconfig.json": "{}" },
    "src/hooks.server.ts": hooks,
  });
  const { code, out } = await init(folder);
  expect(code).toBe(1);
  const found = written(folder);
  expect(found["src/hooks.server.ts"]).toBe(hooks);
  expect(found["src/lib/server/sessions.ts"]).toContain("sqliteStore");
  expect(out).toContain("kept   src/hooks.server.ts");
  expect(out).toContain("sessionHandle(sessions, { building })");
  expect((await init(folder)).code).toBe(1);
  expect(written(folder)).toEqual(found);
});

test.each([...STORES])("keeps sessions in %s when it is told to", async (name, { call, driver }) => {
  const folder = folderWith({ "package.json": packageWith("express"), "tsconfig.json": "{}" });
  const { out } = await init(folder, ["--store", name]);
  expect(written(folder)["sessions.ts"]).toContain(call);
  expect(out).toContain(`npm install sojourn${driver ? ` ${driver}` : ""}\n`);
});

test("asks for the store, and takes SQLite when nobody says anything", async () => {
  const asked = folderWith({ "package.json": packageWith("express") });
  expect((await init(asked, [], "redis")).out).toMatch(/^Where are sessions kept\?/);
  expect(written(asked)["sessions.js"]).toContain("redisStore");
  const silent = folderWith({ "package.json": packageWith("express") });
  await init(silent, [], "");
  expect(written(silent)["sessions.js"]).toContain("sqliteStore");
});

test.each([
  ["a store that nobody knows", { "package.json": "{}" }, ["--store", "floppy"]],
  ["a folder that is no application", {}, ["--yes"]],
])("writes nothing with %s, and exits 2", async (_, files, args) => {
  const folder = folderWith(files as Record<string, string>);
  const { code, err } = await init(folder, args);
  expect([code, written(folder)]).toEqual([2, {}]);
  expect(err).toMatch(/^sojourn init: .*\nTry: sojourn init --help\n$/);
});
