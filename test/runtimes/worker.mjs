/** Workers: a handler that `workerd test` calls. No compatibility flag for Node is set. */
import { smoke } from "./smoke.mjs";

export default {
  async test() {
    const { passed, failed, lines } = await smoke();
    for (const line of lines) console.log(line);
    console.log(`RESULT ${passed} passed, ${failed} failed`);
    if (failed > 0) throw new Error("failed");
  },
};
