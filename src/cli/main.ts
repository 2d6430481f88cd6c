#!/usr/bin/env node
/**
 * The program `sojourn`: the arguments and streams of its process, given to `run.ts`, and its exit code.
 */
import { readFileSync, readSync } from "node:fs";
import { run } from "./run.ts";

// The code is left for the end of the process: exit() could cut off what a pipe has not taken yet.
process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  input: () => readFileSync(0, "utf8"),
  line,
});

/** Byte by byte: what follows the line may be for somebody else. */
function line(): string {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  try {
    while (readSync(0, byte) === 1 && byte[0] !== 0x0a) bytes.push(byte[0] as number);
  } catch {
    // Nobody is there to answer: a closed input is an error on some systems.
  }
  return Buffer.from(bytes).toString("utf8");
}
