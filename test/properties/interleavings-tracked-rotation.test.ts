/** Every order of the store calls of any two deeds. The data is in the cookie, and the next request rotates the token. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

const except = {
  "the session's data stays": "a login with an id that was replaced a moment ago reads nothing of its cookie",
  "what was acknowledged was kept": "of two answers that carry data one wins: the one with the newer token",
};

describe("rotation due", () => everyPair({ mode: "tracked", age: "rotation due" }, except));
