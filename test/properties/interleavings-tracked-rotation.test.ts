/** Every order of the store calls of any two deeds. The data is in the cookie, and the next request rotates the token. */
import { describe } from "vitest";
import { everyPair } from "../support/interleavings/every-pair.ts";
import { NOT_IN_TRACKED_MODE } from "../support/interleavings/not-promised.ts";

describe("rotation due", () => everyPair({ mode: "tracked", age: "rotation due" }, NOT_IN_TRACKED_MODE));
