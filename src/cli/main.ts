#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { run } from "./run.ts";

// The code is left for the end of the process: exit() could cut off what a pipe has not taken yet.
process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  input: () => readFileSync(0, "utf8"),
});
