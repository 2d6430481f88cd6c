/** What `npm run bench` can be asked for: `npm run bench -- 7` for seven rounds, `npm run bench -- --only redis` for one part. */
import { parseArgs } from "node:util";

/** The parts of the benchmark, in the order in which they run. */
export const PARTS = [
  "in-process",
  "start",
  "memory",
  "sqlite",
  "sealed",
  "redis",
  "postgres",
  "pieces",
  "growth",
  "delay",
] as const;
export type Part = (typeof PARTS)[number];

export interface Command {
  readonly rounds: number;
  readonly parts: readonly Part[];
}

const ROUNDS = 9;

/** Throws for what is no number of rounds, and for parts that there are not. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { only: { type: "string", multiple: true } },
  });
  const [rounds = ROUNDS, ...rest] = positionals.map(Number);
  if (!Number.isSafeInteger(rounds) || rounds < 1 || rest.length > 0) {
    throw new Error(`Expected a number of rounds, found "${positionals.join(" ")}".`);
  }
  const asked = values.only?.flatMap((names) => names.split(","));
  const unknown = asked?.filter((name) => !PARTS.some((part) => part === name));
  if (unknown && unknown.length > 0) throw new Error(`--only ${unknown.join()}: the parts are ${PARTS.join(", ")}.`);
  return { rounds, parts: PARTS.filter((part) => asked === undefined || asked.includes(part)) };
}
