/** Where examples become modules: a folder that is compiled and imported, and that git does not see. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { root } from "../../scripts/run.ts";
import { isSessionError } from "../../src/index.ts";
import type { Example } from "./extract.ts";
import { type Ambient, moduleOf } from "./module.ts";
import { makeScene } from "./scene.ts";
import type { Exported } from "./surface.ts";

/** One for each process: two runs at once must not share it. */
const folder = join(root, `test/docs/.examples-${process.pid}`);

/** `docs/guide.md/L31.ts`, or `docs/guide.md/store.ts` with a name. A runner must not find those that are tests. */
function pathOf({ page, line, name }: Example): string {
  return join(folder, page, name === undefined || isTest({ name }) ? `L${line}.ts` : name);
}

/** Writes a module for each example. */
export async function writeModules(
  examples: readonly Example[],
  ambientOf: (example: Example) => readonly Exported[],
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".gitignore"), "*\n");
  for (const example of examples) {
    const path = pathOf(example);
    mkdirSync(dirname(path), { recursive: true });
    const ambient = ambientOf(example).map(
      ({ name, kind, file }): Ambient => ({ name, kind, from: relative(dirname(path), join(root, file)) }),
    );
    writeFileSync(path, moduleOf(example, ambient));
  }
  const names = Object.keys(await makeScene());
  writeFileSync(
    join(folder, "globals.d.ts"),
    `import type { makeScene } from "../scene.ts";
type Scene = Awaited<ReturnType<typeof makeScene>>;
declare global {
  type MyData = import("../scene.ts").MyData;
${names.map((name) => `  const ${name}: Scene["${name}"];`).join("\n")}
  function $same(found: unknown, expected: unknown, place: string): void;
  function $throws(run: () => unknown, expected: string, place: string): Promise<void>;
}
`,
  );
  const rivals = examples.filter(declaresRequest).map((example) => relative(folder, pathOf(example)));
  for (const [name, files] of Object.entries({
    "tsconfig.json": { include: ["**/*.ts"], exclude: rivals },
    "tsconfig.rivals.json": { include: ["globals.d.ts", ...rivals] },
  })) {
    const compilerOptions = { moduleDetection: "force", noUnusedLocals: false, noUnusedParameters: false };
    writeFileSync(join(folder, name), JSON.stringify({ extends: "../../../tsconfig.json", compilerOptions, ...files }));
  }
}

/** The types of express-session say for the whole program what `req.session` is, and an example of ours says something else. */
function declaresRequest({ code }: Example): boolean {
  return code.some((text) => /from "(?:sojourn\/)?express-session"/.test(text));
}

export function removeModules(): void {
  rmSync(folder, { recursive: true, force: true });
}

/** What the compiler says about the examples, as "docs/guide.md:31: …". Of other files it says so elsewhere. */
export function compile(): string[] {
  return ["tsconfig.json", "tsconfig.rivals.json"].flatMap(compileProject);
}

function compileProject(name: string): string[] {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  try {
    execFileSync(process.execPath, [tsc, "-p", join(folder, name), "--pretty", "false"], {
      encoding: "utf8",
      cwd: folder,
    });
    return [];
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (!stdout) throw error;
    const found = [...stdout.matchAll(/^([^\s(][^(]*)\/[\w.-]+\.ts\((\d+),\d+\): error (.*)$/gm)];
    const ours = found.filter(([, page = ""]) => !page.startsWith(".."));
    return ours.map(([, page, line, message]) => `${page}:${line}: ${message}`);
  }
}

/** The specifiers that the examples import, with where. */
export function specifiersOf({ page, line, code }: Example): (readonly [specifier: string, place: string])[] {
  return code.flatMap((text, index) =>
    [...text.matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/g)].map(
      ([, a, b]) => [a ?? b ?? "", `${page}:${line + 1 + index}`] as const,
    ),
  );
}

/**
 * Runs an example in a folder of its own, with a scene of its own. Servers get a free port whatever they ask for, and
 * are handed to `look` before they are closed.
 */
export async function run(
  example: Example,
  look: (servers: readonly Server[]) => Promise<void> = async () => {},
): Promise<void> {
  const home = process.cwd();
  const place = mkdtempSync(join(tmpdir(), "sojourn-docs-"));
  const servers = new Set<Server>();
  const listen = Server.prototype.listen;
  Object.assign(globalThis, await makeScene(), { $same, $throws });
  try {
    process.chdir(place);
    Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
      servers.add(this);
      if (typeof args[0] === "number") args[0] = 0;
      return (listen as (...args: unknown[]) => Server).apply(this, args);
    };
    const module = (await import(/* @vite-ignore */ pathOf(example))) as { readonly default?: unknown };
    if (typeof module.default === "function") await module.default();
    await look([...servers]);
  } finally {
    Server.prototype.listen = listen;
    for (const server of servers) server.close();
    process.chdir(home);
    rmSync(place, { recursive: true, force: true });
  }
}

/** Whether the tests of a block register themselves with the runner when it is imported. */
export function isTest({ name }: Pick<Example, "name">): boolean {
  return name?.endsWith(".test.ts") ?? false;
}

export function importTests(example: Example): Promise<unknown> {
  return import(/* @vite-ignore */ pathOf(example));
}

function $same(found: unknown, expected: unknown, place: string): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw Object.assign(new Error(`${place}: found something else than the page says`), { actual: found, expected });
}

/** @param expected A code, and perhaps words about it; those in quotes must be in the message. */
async function $throws(example: () => unknown, expected: string, place: string): Promise<void> {
  const code = /^\w+/.exec(expected)?.[0];
  const quoted = [...expected.matchAll(/"[^"]+"/g)].map(([quote]) => quote);
  try {
    await example();
  } catch (error) {
    if (isSessionError(error) && error.code === code && quoted.every((quote) => error.message.includes(quote))) return;
    throw new Error(`${place}: expected ${expected}, found ${error}`, { cause: error });
  }
  throw new Error(`${place}: expected ${expected}, found no error`);
}
