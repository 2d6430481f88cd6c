/** Node, Bun and Deno: prints the result on the last line for scripts/run-runtimes.ts. */
import { smoke } from "./smoke.mjs";

const { passed, failed, lines } = await smoke();
for (const line of lines) console.log(line);
console.log(`RESULT ${passed} passed, ${failed} failed`);
