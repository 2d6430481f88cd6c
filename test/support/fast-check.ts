/** fast-check with the seed of this run. Import it from here and not from the package. */
import fc from "fast-check";
import { REPEAT, SEED } from "./seed.ts";

fc.configureGlobal({ seed: SEED });
fc.installGlobalPlugin(() => ({
  onAllRunsComplete(details) {
    if (!details.failed) return;
    throw new Error(`${fc.defaultReportMessage(details)}\n\n${REPEAT}`, { cause: details.errorInstance });
  },
}));

export { fc };
