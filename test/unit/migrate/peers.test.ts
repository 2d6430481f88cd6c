/** Sessions made by the packages of tools/migrate, read by Sojourn: what formats.test.ts asks of the others. */
import { afterEach, beforeAll, vi } from "vitest";
import { describeFormats } from "./format-suite.ts";
import { installPeers, peers } from "./peers.ts";

beforeAll(installPeers);
afterEach(() => void vi.useRealTimers());

describeFormats(peers);
