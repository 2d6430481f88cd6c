/** Every order of the store calls of any two deeds. In one step of the store (`replace`): ann logged in, two processes. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

describe("fresh", () => everyPair({}));
