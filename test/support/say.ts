/** What a child process says to its parent, in a way that survives a parent that is slow to read. */
import { writeSync } from "node:fs";

const rest = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes a line to the standard output and returns when the pipe has it, so that a kill right after it does not take it away.
 * The pipe does not block: while it is full, a write answers EAGAIN or takes a part.
 */
export function say(line: string): void {
  for (let left: Uint8Array = Buffer.from(`${line}\n`); left.length > 0; ) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(rest, 0, 0, 1);
    }
  }
}
