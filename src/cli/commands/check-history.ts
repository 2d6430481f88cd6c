/**
 * The command `sojourn check-history`: its files, its words and its exit codes. What is legal is decided in
 * `src/testing/history`.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { checkHistory } from "../../testing/history/check.ts";
import type { HistoryEvent } from "../../testing/history/event.ts";
import { HistoryFormatError } from "../../testing/history/operation.ts";
import { describeVerdict, parseHistory } from "../../testing/history/text.ts";
import { type Command, type Terminal, UsageError } from "../command.ts";

const USAGE = `Usage: sojourn check-history <file>... [--skew <ms>] [--steps <number>]

Decides whether what clients of a store, or of an application, were told can have come from
correct sessions: whether there is an order of the calls that explains every answer. The files
are what "historyRecorder" of sojourn/testing wrote, one for each process or one for all;
"-" is the standard input.

  --skew <ms>       by how much the clocks of the processes may differ; 0
  --steps <number>  how much to look at for one session before giving up; 1000000

Exit code: 0 legal, 1 illegal (with the calls that contradict each other), 3 undecided.`;

const EXIT = { legal: 0, illegal: 1, undecided: 3 };

/** `sojourn check-history`: whether a recorded history is legal. */
export const checkHistoryCommand: Command = {
  summary: "decides whether a recorded history is one of correct sessions",
  usage: USAGE,
  run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { skew: { type: "string" }, steps: { type: "string" } },
    });
    if (positionals.length === 0) throw new UsageError("expected at least one file");
    const options = { skew: numberOf(values.skew, "--skew"), steps: numberOf(values.steps, "--steps") };
    try {
      const result = checkHistory(
        positionals.flatMap((file) => read(file, terminal)),
        options,
      );
      terminal.out(`${describeVerdict(result)}\n`);
      return EXIT[result.verdict];
    } catch (error) {
      if (error instanceof HistoryFormatError) throw new UsageError(error.message);
      throw error;
    }
  },
};

function read(file: string, terminal: Terminal): HistoryEvent[] {
  let text: string;
  try {
    text = file === "-" ? terminal.input() : readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${JSON.stringify(file)}: ${(error as Error).message}`);
  }
  try {
    return parseHistory(text);
  } catch (error) {
    if (error instanceof HistoryFormatError) throw new HistoryFormatError(`${file}: ${error.message}`);
    throw error;
  }
}

function numberOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === "" || !(number >= 0)) throw new UsageError(`${option} expects a number of at least 0`);
  return number;
}
