/** Every order of the store calls of any two deeds. The next use has to be written down. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

describe("in one step", () => everyPair({ age: "touch due" }));
describe("in two", () => everyPair({ age: "touch due", twoSteps: true }));
