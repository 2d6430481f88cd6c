/**
 * `npm run mutation -- [--file src/record/lifetime.ts] [--line 12] [--changed] [--sample 8] [--seed 1] [--deep]`
 *
 * Changes the core in one place at a time and asks the tests that come by the place whether they notice. Prints killed
 * and survived by file, and each survivor with its line; a survivor is a line that no test looks at, or a change that
 * makes no difference. No file is written: the sources that the tests load hold all mutants, and one of them is active.
 *
 * - `--sample`: that many mutants of each file, chosen by `--seed`, and those made by hand; without it, all of them.
 * - `--line`: only mutants of these lines.
 * - `--changed`: only files that differ from the last commit.
 * - `--tests rotation`: only test files whose path has that in it, where the whole would take too long.
 * - `--deep`: those that survive are also put to the slower tests, and to those that play all orders of requests.
 *
 * A script of our own, because StrykerJS reads the configuration by the API of TypeScript, which TypeScript 7 does not
 * have.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { seeded } from "../src/testing/random.ts";
import { byHand } from "./mutation/by-hand.ts";
import { instrumented, type Numbered } from "./mutation/instrument.ts";
import { type Mutant, mutantsOf } from "./mutation/mutants.ts";
import { Plan } from "./mutation/plan.ts";
import { SURVIVORS } from "./mutation/survivors.ts";
import { openTests, testFiles } from "./mutation/tests.ts";
import { root } from "./run.ts";

const ROOMS = ["token", "csrf", "request", "record", "session", "transport"];

const { values } = parseArgs({
  options: {
    file: { type: "string", multiple: true },
    line: { type: "string", multiple: true },
    changed: { type: "boolean", default: false },
    sample: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    deep: { type: "boolean", default: false },
    tests: { type: "string", multiple: true },
  },
});

function coreFiles(): readonly string[] {
  const all = ROOMS.flatMap((room) => readdirSync(join(root, "src", room)).map((name) => `src/${room}/${name}`));
  if (!values.changed) return all;
  const changed = execFileSync("git", ["diff", "--name-only", "HEAD"], { cwd: root, encoding: "utf8" }).split("\n");
  return all.filter((file) => changed.includes(file));
}

/** In a seeded order, so that a bounded run looks everywhere. */
function chosen(mutants: readonly Mutant[], most: number, seed: number): readonly Mutant[] {
  const random = seeded(seed);
  const left = [...mutants];
  const some: Mutant[] = [];
  while (left.length > 0 && some.length < most) some.push(...left.splice(random.below(left.length), 1));
  return some.toSorted((one, other) => one.line - other.line);
}

/** The mutants of each file, numbered over all of them: those made by hand, and the sample. */
function numberedByFile(files: readonly string[]): ReadonlyMap<string, readonly Numbered[]> {
  let id = 0;
  const of = (file: string): readonly Mutant[] => {
    const source = readFileSync(join(root, file), "utf8");
    const mutants = [...byHand(file, source), ...chosen(mutantsOf(source), Number(values.sample), Number(values.seed))];
    return mutants.filter(({ line }) => values.line === undefined || values.line.includes(String(line)));
  };
  return new Map(files.map((file) => [file, of(file).map((mutant) => ({ id: id++, mutant }))]));
}

const byFile = numberedByFile((values.file ?? coreFiles()).map((file) => relative(root, join(root, file))));
const sources = new Map(
  [...byFile].map(([file, numbered]) => {
    const path = join(root, file);
    return [path, instrumented(readFileSync(path, "utf8"), numbered)] as const;
  }),
);

/** Those of the tests that the caller named a part of. */
const wanted = (file: string): boolean =>
  values.tests === undefined || values.tests.some((part) => file.includes(part));

const tests = await openTests((path) => sources.get(path));
const quick = new Plan(await tests.record(testFiles(false).filter(wanted)));
const deepFiles = testFiles(true).filter((file) => wanted(file) && !testFiles(false).includes(file));
const total = { killed: 0, explained: 0, unexplained: 0 };
/** The tests that killed something: all of them must pass on their own when nothing is changed. */
const killers = new Map<string, Set<string>>();

async function isKilled(file: string, numbered: Numbered, ids: readonly number[]): Promise<boolean> {
  const { files, only } = quick.about(numbered, file, ids, values.deep);
  const failure =
    (files.length > 0 ? await tests.fails(numbered.id, files, only) : null) ??
    (values.deep ? await tests.fails(numbered.id, deepFiles, {}) : null);
  if (failure === null) return false;
  quick.killed(file, failure.file);
  if (failure.test !== null) killers.set(failure.file, (killers.get(failure.file) ?? new Set()).add(failure.test));
  return true;
}

function reasonOf(file: string, { code, from, to }: Mutant): string | undefined {
  return SURVIVORS.find((known) => known.file === file && known.code === code && known.from === from && known.to === to)
    ?.reason;
}

for (const [file, mutants] of byFile) {
  let killed = 0;
  const lines: string[] = [];
  const ids = mutants.map(({ id }) => id);
  for (const numbered of mutants) {
    if (await isKilled(file, numbered, ids)) {
      killed += 1;
      continue;
    }
    const { line, from, to } = numbered.mutant;
    const reason = reasonOf(file, numbered.mutant);
    total[reason === undefined ? "unexplained" : "explained"] += 1;
    lines.push(`  survived, line ${line}: ${from} → ${to}${reason === undefined ? "" : ` (${reason})`}`);
  }
  total.killed += killed;
  console.log([`${file}: ${killed} of ${mutants.length} killed`, ...lines].join("\n"));
}

for (const [file, names] of killers) {
  const failure = await tests.fails(null, [file], { [file]: [...names] });
  if (failure) console.log(`not to be trusted: ${relative(root, file)} fails on its own: ${failure.test}`);
}
await tests.close();
const { killed, explained, unexplained } = total;
const share = (100 * killed) / Math.max(1, killed + explained + unexplained);
console.log(
  `${killed} killed (${share.toFixed(1)} %), ${explained} survived for a known reason, ${unexplained} survived`,
);
