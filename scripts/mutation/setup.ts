/** In the process of the tests: which mutant is active, and which of them each test came by. */
import { appendFileSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeEach } from "vitest";

/** What the script says before each run. */
export interface Orders {
  /** None in the first run, which looks at what each test comes by. */
  readonly active: number | null;
  /** Full names of the tests that come by the mutant, by file; a file that is missing runs whole. */
  readonly only: Readonly<Record<string, readonly string[]>>;
  /** Where the first run writes a line for each test. */
  readonly record: string | null;
}

/** A line of the record; without a test, what the file does outside of its tests. */
export interface Seen {
  readonly file: string;
  readonly test: string | null;
  readonly milliseconds: number;
  readonly mutants: readonly number[];
}

/** A mutant that makes a loop endless asks for ever; the busiest test asks some hundred thousand times. */
const MOST_QUESTIONS = 30_000_000;

interface Asked {
  sojournMutant?: (id: number) => boolean;
  sojournMutants?: Set<number>;
}

const shared = globalThis as Asked;
const orders = JSON.parse(readFileSync(process.env.SOJOURN_MUTATION ?? "", "utf8")) as Orders;
shared.sojournMutants ??= new Set();
const seen = shared.sojournMutants;
let questions = 0;

shared.sojournMutant =
  orders.active === null
    ? (id) => {
        seen.add(id);
        return false;
      }
    : (id) => {
        questions += 1;
        if (questions > MOST_QUESTIONS) throw new Error("this mutant loops for ever");
        return id === orders.active;
      };

function note(file: string, test: string | null, milliseconds: number): void {
  if (orders.record === null) return;
  const line: Seen = { file, test, milliseconds, mutants: [...seen] };
  appendFileSync(orders.record, `${JSON.stringify(line)}\n`);
  seen.clear();
}

let began = performance.now();
let current = "";

beforeEach(({ task, skip }) => {
  const file = task.file.filepath;
  current = file;
  const names = orders.only[file];
  if (names && !names.includes(task.fullTestName)) skip();
  if (seen.size > 0) note(file, null, 0);
  began = performance.now();
});

afterEach(({ task }) => note(task.file.filepath, task.fullTestName, performance.now() - began));

afterAll(() => {
  if (seen.size > 0) note(current, null, 0);
});
