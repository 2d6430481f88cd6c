/** Every order of the store calls of any two deeds. Both requests are in one process. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

describe("in one step", () => everyPair({ processes: "one" }));
