/** Every order of the store calls of any two deeds. Nobody is logged in yet. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

describe("in one step", () => everyPair({ visitor: "anonymous" }));
describe("in two", () => everyPair({ visitor: "anonymous", twoSteps: true }));
