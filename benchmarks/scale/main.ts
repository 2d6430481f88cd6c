/**
 * `npm run scale [-- --store postgres --sessions 1000000 --users 100000 --rounds 7]`: what a million sessions cost each
 * store, in bytes and in time, beside a thousand in the same run. Takes some 40 minutes for all stores, alone
 * on a machine of two cores, up to 6 GB of disk and 4 GB of memory; everything is removed at the end, also after Ctrl-C. A run with a million
 * sessions writes the tables of docs/capacity.md, so does any with `--write`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildBenchmarks } from "../build.ts";
import { startChild } from "../child.ts";
import type { Question, Result } from "./result.ts";
import { SUBJECTS } from "./subjects.ts";
import { fillIn, judge, tables } from "./tables.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", multiple: true },
    sessions: { type: "string", default: "1000000" },
    users: { type: "string" },
    rounds: { type: "string", default: "7" },
    write: { type: "boolean", default: false },
  },
});
const sessions = Number(values.sessions);
const users = Number(values.users ?? Math.ceil(sessions / 10));
const rounds = Number(values.rounds);
const names = values.store ?? Object.keys(SUBJECTS);
for (const [name, value, least] of [
  ["sessions", sessions, 10_000],
  ["users", users, 100],
  ["rounds", rounds, 1],
] as const) {
  if (!Number.isSafeInteger(value) || value < least) throw new Error(`--${name}: a whole number of ${least} or more.`);
}

/** From one run to the next, so that stores can be measured one by one. */
const results = join(process.cwd(), ".sojourn/scale");
const fileOf = (name: string): string => join(results, `${name}-${sessions}.json`);

async function measured(built: string, name: string): Promise<Result> {
  const most = SUBJECTS[name]?.most ?? Number.POSITIVE_INFINITY;
  const all = Math.min(sessions, most);
  const question: Question = { store: name, sessions: all, users: Math.ceil((users * all) / sessions), rounds };
  console.error(`${name}: ${all.toLocaleString("en")} sessions of ${question.users.toLocaleString("en")} users`);
  const child = startChild<Question, Result>(
    join(built, "scale/measure.js"),
    [],
    ["--expose-gc", "--max-old-space-size=8192"],
  );
  try {
    return await child.ask(question);
  } finally {
    child.stop();
  }
}

function known(name: string): Result | undefined {
  try {
    // What JSON cannot say comes back as null.
    const restore = (_: string, value: unknown): unknown => (value === null ? Number.NaN : value);
    return JSON.parse(readFileSync(fileOf(name), "utf8"), restore) as Result;
  } catch {
    return undefined;
  }
}

const load = loadavg()[0] as number;
const built = await buildBenchmarks(["scale/measure"], "tsconfig.json");
mkdirSync(results, { recursive: true });
let over = 0;
for (const name of names) {
  if (!SUBJECTS[name]) throw new Error(`--store: one of ${Object.keys(SUBJECTS).join(", ")}.`);
  const result = await measured(built, name);
  writeFileSync(fileOf(name), JSON.stringify(result));
  const verdicts = judge(result);
  over += verdicts.filter(({ within }) => !within).length;
  for (const { what, found, bound, within } of verdicts)
    console.error(`  ${within ? "within" : "OVER"}  ${what}: ${found.toFixed(2)} of ${bound.toFixed(2)}`);
}

const all = Object.keys(SUBJECTS).flatMap((name) => known(name) ?? []);
const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load.toFixed(1)} when it began, ${rounds} rounds.`;
const written = tables(all, machine);
console.log(Object.values(written).join("\n"));
if (values.write || sessions >= 1_000_000) {
  const path = "docs/capacity.md";
  writeFileSync(path, fillIn(readFileSync(path, "utf8"), written));
}
console.error(over === 0 ? "Every figure is within its bound." : `${over} figures are over their bounds.`);
