/**
 * Loaded into a process before its program: the tenth rename of a file says "waiting" and then waits until SIGINT has arrived. So
 * what a test interrupts is in the middle of its work, however fast the machine is.
 */
import { createRequire, syncBuiltinESMExports } from "node:module";

const files = createRequire(import.meta.url)("node:fs/promises") as typeof import("node:fs/promises");
const { rename } = files;
const interrupted = new Promise<void>((resolve) => void process.once("SIGINT", () => resolve()));
let renames = 0;

files.rename = async (...args) => {
  renames += 1;
  if (renames === 10) {
    process.stdout.write("waiting\n");
    // A listener for signals alone does not keep a process alive.
    const alive = setInterval(() => {}, 1000);
    await interrupted;
    clearInterval(alive);
  }
  await rename(...args);
};
syncBuiltinESMExports();
