/**
 * The command `sojourn init`: its question, and the files that it writes. What is in them is in `src/cli/init`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Command, type Terminal, UsageError } from "../command.ts";
import { FRAMEWORKS, type Framework, PLAIN, type Template, untyped } from "../init/frameworks.ts";
import { STORES, type StoreChoice } from "../init/stores.ts";

const WIDTH = Math.max(...Array.from(STORES.keys(), (name) => name.length));
const list = Array.from(STORES, ([name, { summary }]) => `  ${name.padEnd(WIDTH)}  ${summary}`).join("\n");

const USAGE = `Usage: sojourn init [--store <name>] [--yes] [--folder <path>]

Recognises the framework of the application in this folder by its package.json, and writes the
few files that give it sessions. It never changes a file that is there, and prints what it did
and what is left to do; the exit code is 1 where a file was there.

  --store <name>   where sessions are kept, one of those below; it asks when it is not given
  --yes            asks nothing: sqlite
  --folder <path>  the application's folder; this one

${list}`;

/** `sojourn init`: from an application without sessions to one with. */
export const init: Command = {
  summary: "writes the few lines that an application needs",
  usage: USAGE,
  run(args, terminal) {
    const { values } = parseArgs({
      args: [...args],
      options: { store: { type: "string" }, yes: { type: "boolean" }, folder: { type: "string" } },
    });
    const folder = values.folder ?? ".";
    const framework = frameworkIn(folder);
    const store = storeOf(values.store ?? (values.yes ? "sqlite" : ask(terminal)));
    terminal.out(`${framework.name}\n\n`);
    const files = existsSync(join(folder, "tsconfig.json")) ? framework.files : framework.files.map(untyped);
    const left = files.filter((file) => !write(folder, file, store, terminal));
    terminal.out(`\n${whatIsLeft(framework, store).join("\n")}\n`);
    for (const { path, text } of left)
      terminal.out(`\nThis would have been ${path}; bring it together with yours:\n\n${filled(text, store)}`);
    return left.length > 0 ? 1 : 0;
  },
};

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

function frameworkIn(folder: string): Framework {
  const path = join(folder, "package.json");
  if (!existsSync(path))
    throw new UsageError("found no package.json: run it in the application's folder, or give --folder");
  const { dependencies, devDependencies } = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  const there = { ...devDependencies, ...dependencies };
  return FRAMEWORKS.find(({ dependency }) => Object.hasOwn(there, dependency)) ?? PLAIN;
}

function ask(terminal: Terminal): string {
  terminal.out(`Where are sessions kept?\n\n${list}\n\n[sqlite]: `);
  return terminal.line?.().trim() || "sqlite";
}

function storeOf(name: string): StoreChoice {
  const store = STORES.get(name);
  if (store) return store;
  throw new UsageError(`--store: expected one of ${[...STORES.keys()].join(", ")}, found another name`);
}

const filled = (text: string, store: StoreChoice): string =>
  text.replace("{{import}}", store.import).replace("{{store}}", store.call);

/** False when the file is there already, which nobody but its owner changes. */
function write(folder: string, file: Template, store: StoreChoice, terminal: Terminal): boolean {
  const path = join(folder, file.path);
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, filled(file.text, store), { flag: "wx" });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    terminal.out(`  kept   ${file.path} (it is there already)\n`);
    return false;
  }
  terminal.out(`  wrote  ${file.path}\n`);
  return true;
}

function whatIsLeft(framework: Framework, store: StoreChoice): readonly string[] {
  return [
    "What is left:",
    ...framework.next.map((line) => `  ${line}`),
    `  npm install sojourn${store.driver ? ` ${store.driver}` : ""}`,
    "  In production SOJOURN_SECRET is needed: npx sojourn secret. In development one is made for you.",
    `  More: node_modules/sojourn/${framework.page}`,
  ];
}
