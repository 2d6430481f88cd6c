/** Every order of the store calls of any two deeds. The data is in the cookie. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

const except = {
  "the session's data stays": "a login with an id that was replaced a moment ago reads nothing of its cookie",
};

describe("fresh", () => everyPair({ mode: "tracked" }, except));
describe("rotated twice", () => everyPair({ mode: "tracked", age: "rotated twice" }));
