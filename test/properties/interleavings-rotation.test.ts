/** Every order of the store calls of any two deeds. The next request rotates the token; a token of two generations ago comes back. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";

describe("rotation due", () => everyPair({ age: "rotation due" }));
describe("rotated twice", () => everyPair({ age: "rotated twice" }));
describe("rotated twice, in two steps", () => everyPair({ age: "rotated twice", twoSteps: true }));
