/**
 * `npm run mutation -- [--file src/record/lifetime.ts] [--tests test/scenarios] [--most 40] [--seed 1]`: changes the core in one place at a time and asks
 * the tests that import the changed file whether they notice. Prints killed and survived by file, and each survivor with its
 * line; a survivor is a line that no test looks at, or a change that makes no difference.
 *
 * A script of our own, because StrykerJS reads the configuration by the API of TypeScript, which TypeScript 7 does not have.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { seeded } from "../src/testing/random.ts";
import { type Mutant, mutantsOf } from "./mutants.ts";
import { root } from "./run.ts";

const ROOMS = ["record", "session", "request", "token", "csrf", "transport"];

/** Most of what a mutant breaks is found within seconds; one that loops for ever is found by this. */
const LONGEST_MS = 300_000;

const { values } = parseArgs({
  options: {
    file: { type: "string", multiple: true },
    tests: { type: "string", multiple: true },
    most: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
  },
});

function coreFiles(): string[] {
  return ROOMS.flatMap((room) =>
    readdirSync(join(root, "src", room), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  );
}

/** Whether a test fails, by vitest's own knowledge of what imports the file. */
function isKilled(file: string): Promise<boolean> {
  const projects = ["unit", "properties", "scenarios"].flatMap((name) => ["--project", name]);
  const which = values.tests ? ["run", ...values.tests] : ["related", "--run", file];
  const child = spawn(
    process.execPath,
    ["node_modules/vitest/vitest.mjs", ...which, "--bail=1", "--reporter=dot", ...projects],
    { cwd: root, stdio: "ignore", env: { ...process.env, NODE_ENV: "test" } },
  );
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve(code !== 0);
    });
  });
}

/** In a seeded order, so that a bounded run looks everywhere. */
function chosen(mutants: readonly Mutant[], most: number, seed: number): readonly Mutant[] {
  const random = seeded(seed);
  const left = [...mutants];
  const some: Mutant[] = [];
  while (left.length > 0 && some.length < most) some.push(...left.splice(random.below(left.length), 1));
  return some;
}

let killed = 0;
let survived = 0;
for (const file of values.file ?? coreFiles()) {
  const path = join(root, file);
  const source = readFileSync(path, "utf8");
  const restore = (): void => writeFileSync(path, source);
  process.once("SIGINT", () => {
    restore();
    process.exit(130);
  });
  const survivors: Mutant[] = [];
  const mutants = chosen(mutantsOf(source), Number(values.most), Number(values.seed));
  try {
    for (const mutant of mutants) {
      writeFileSync(path, mutant.text);
      if (!(await isKilled(file))) survivors.push(mutant);
    }
  } finally {
    restore();
  }
  killed += mutants.length - survivors.length;
  survived += survivors.length;
  console.log(`${file}: ${mutants.length - survivors.length} of ${mutants.length} killed`);
  for (const { line, from, to } of survivors) console.log(`  survived, line ${line}: ${from} → ${to}`);
}
console.log(
  `${killed} killed, ${survived} survived: ${((100 * killed) / Math.max(1, killed + survived)).toFixed(1)} %`,
);
