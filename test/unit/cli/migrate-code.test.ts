import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../src/cli/run.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sojourn-code-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function sojourn(...args: readonly string[]) {
  const said = { code: -1, out: "", err: "" };
  said.code = await run(["migrate-code", ...args], {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    input: () => "",
  });
  // Paths are told from where the command runs.
  said.out = said.out.replaceAll(relative(process.cwd(), folder), "app");
  return said;
}

function put(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Writes one file, runs the command, and gives the file and what was said of it, without the last line. */
async function changed(name: string, text: string): Promise<{ text: string; said: string[] }> {
  const file = put(name, text);
  const { code, out } = await sojourn("express-session", folder, "--write");
  expect(code).toBe(0);
  return { text: readFileSync(file, "utf8"), said: out.trimEnd().split("\n").slice(0, -1) };
}

describe("what is safe is changed", () => {
  test.each([
    ["app.ts", `import session from "express-session";`],
    ["app.mts", `import session, { Store, type SessionData } from 'express-session';`],
    ["app.tsx", `import session from "express-session";\nexport const page = <p>{String(session)}</p>;`],
    ["app.jsx", `import session from "express-session";\nexport const page = <p>{String(session)}</p>;`],
    ["app.cjs", `const session = require('express-session'), path = require("path");`],
    ["app.js", `app.use(require("express-session")({ secret: "s" }));`],
    ["app.mjs", `const { default: session } = await import("express-session");`],
    ["app.cts", `import session = require("express-session");`],
    ["store.ts", `export { Store } from "express-session";`],
  ])("%s: %s", async (name, text) => {
    const { text: now, said } = await changed(name, text);
    expect(now).toBe(text.replace("express-session", "sojourn/express-session"));
    expect(said).toEqual([expect.stringMatching(/^app\/.+:1: .express-session. is .sojourn\/express-session. now$/)]);
    // Once is enough.
    expect((await changed(name, now)).said).toEqual([]);
  });

  test.each([
    `declare module "express-session" {\n  interface SessionData {\n    user: string;\n  }\n}\n`,
    `import type { SessionData } from "express-session";\n`,
    `// express-session was here\nconst text = "we had express-session";\n`,
    `import flash from "connect-flash";\nrequest.session.save(() => {});\nawait request.session.save();\n`,
  ])("what is right as it is stays, and is not listed: %s", async (text) => {
    expect(await changed("app.ts", text)).toEqual({ text, said: [] });
  });
});

describe("what is not safe is listed, and stays", () => {
  test.each([
    ["a namespace", `import * as session from "express-session";`, "a namespace is no function"],
    ["a mock", `vi.mock("express-session");`, "names express-session in another way"],
    ["a list", `const external = ["express-session"];`, "names express-session in another way"],
    ["a store by its name", `import { RedisStore } from "connect-redis";`, "keep that installed, or `npm install"],
    ["a chain", `req.session.save().touch();`, "a promise now"],
    ["a session that it gave", `const same = req.session?.reload();`, "a promise now"],
    ["half a file", `import session from "express-session"; function {`, "could not be read whole"],
  ])("%s", async (_, line, says) => {
    const text = `\n\n${line}\n`;
    const { text: now, said } = await changed("src/app.ts", text);
    expect(now).toBe(text);
    expect(said).toEqual([expect.stringContaining(says)]);
    expect(said[0]).toMatch(
      says.startsWith("could") ? /^app\/src\/app\.ts:1: to do: / : /^app\/src\/app\.ts:3: to do: /,
    );
  });

  test("the manifest, at the line of the package", async () => {
    const { said } = await changed(
      "package.json",
      `{\n  "dependencies": {\n    "express-session": "^1.19.0"\n  }\n}\n`,
    );
    expect(said).toEqual([expect.stringContaining("app/package.json:3: to do: install sojourn beside it")]);
  });
});

describe("the command", () => {
  test("only lists without --write, counts, and leaves out what is made or installed", async () => {
    const text = `import session from "express-session";\n`;
    const kept = ["node_modules/a/index.js", "dist/app.js", ".cache/app.js", "types.d.ts", "readme.md"].map((name) =>
      put(name, text),
    );
    const file = put("app.ts", text);
    const dry = await sojourn("express-session", folder);
    expect(dry.out).toBe(
      `app/app.ts:1: "express-session" is "sojourn/express-session" now\nWould change (--write does) 1 in 1 files; 0 left to you.\n`,
    );
    expect(readFileSync(file, "utf8")).toBe(text);
    const done = await sojourn("express-session", folder, "--write");
    expect(done.out.split("\n").at(-2)).toBe("Changed 1 in 1 files; 0 left to you.");
    for (const each of kept) expect(readFileSync(each, "utf8")).toBe(text);
  });

  test("changes the example application, which still says what it did", async () => {
    cpSync(new URL("../../support/express-session.ts", import.meta.url), join(folder, "site.ts"));
    const { out } = await sojourn("express-session", folder, "--write");
    expect(out.split("\n")).toHaveLength(3);
    const now = readFileSync(join(folder, "site.ts"), "utf8");
    expect(now).toContain('import session from "sojourn/express-session";');
    expect(now).toContain('declare module "express-session" {');
  });

  test.each([
    ["nothing", []],
    ["another library", ["cookie-session"]],
    ["a path that is not there", ["express-session", "no/such/folder"]],
    ["an option that there is not", ["express-session", "--force"]],
  ])("%s is a mistake: exit 2", async (_, args) => {
    const { code, err } = await sojourn(...args);
    expect(code).toBe(2);
    expect(err).toMatch(/^sojourn migrate-code: .+\nTry: sojourn migrate-code --help\n$/);
  });
});
