/** Something measured beside the least that does the same, turn by turn in one process. */
import { type Figure, figure } from "./statistics.ts";

/** `worker` is one of those that run at the same time. */
export type Run = (worker: number) => unknown;

export interface Pair {
  readonly name: string;
  readonly ours: Run;
  readonly floor?: Run;
  /** How many run at the same time. Default 1. */
  readonly inFlight?: number;
  /** What is read: the CPU time of this process, or, where a server does some of the work, the time that goes by. Default `"cpu"`. */
  readonly by?: "cpu" | "elapsed";
  /** Runs of one turn. Default 4,000. */
  readonly each?: number;
}

export interface Piece {
  readonly name: string;
  /** Microseconds. */
  readonly ours: Figure;
  readonly floor: Figure | undefined;
  readonly ratio: Figure | undefined;
}

const ROUNDS = 15;
const EACH = 4_000;

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const elapsed = (): number => performance.now() * 1_000;

async function timed(run: Run, { each = EACH, inFlight = 1, by = "cpu" }: Pair): Promise<number> {
  const read = by === "cpu" ? cpu : elapsed;
  let left = each;
  const work = async (worker: number): Promise<void> => {
    while (left-- > 0) {
      const result = run(worker);
      if (result instanceof Promise) await result;
    }
  };
  const before = read();
  await Promise.all(Array.from({ length: inFlight }, (_, worker) => work(worker)));
  return (read() - before) / each;
}

async function measurePair(pair: Pair): Promise<Piece> {
  const { name, ours, floor } = pair;
  const [mine, least]: [number[], number[]] = [[], []];
  for (let round = -2; round < ROUNDS; round++) {
    const [a, b] = [await timed(ours, pair), floor ? await timed(floor, pair) : 0];
    if (round < 0) continue;
    mine.push(a);
    least.push(b);
  }
  const ratio = floor && figure(mine.map((value, round) => value / (least[round] as number)));
  return { name, ours: figure(mine), floor: floor && figure(least), ratio };
}

export async function measurePairs(pairs: readonly Pair[]): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (const pair of pairs) pieces.push(await measurePair(pair));
  return pieces;
}
