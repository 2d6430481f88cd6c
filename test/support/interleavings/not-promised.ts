/** What is not promised with the data in the cookie, each with the reason, as docs/promises.md has it. */
import type { PromiseName } from "../../../src/testing/index.ts";

export const NOT_IN_TRACKED_MODE: Partial<Record<PromiseName, string>> = {
  "the session's data stays": "a login with an id that was replaced a moment ago reads nothing of its cookie",
  "what was acknowledged was kept": "of two answers that carry data one wins: the one with the newer token",
};
