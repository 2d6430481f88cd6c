/** Every order of the store calls of any two deeds. A replacement takes two steps, as with stores that have no `replace`. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

describe("fresh", () => everyPair({ twoSteps: true }));
