/** Four servers of an application in one process, over one memory store: revocations amid logins. */
import { describe } from "vitest";
import { memoryStore } from "../../src/stores/memory.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { Fleet } from "../support/processes/fleet.ts";
import { openNode } from "../support/processes/node.ts";
import { type OpenFleet, revocationRaces, revocationRacesObject } from "../support/processes/revocations.ts";

const open: OpenFleet = async (options) => {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const nodes = Array.from({ length: 4 }, (_, index) => {
    const node = openNode(store, clock, { ...options, name: `n${index}` });
    return { serve: node.serve, history: async () => node.history(), close: async () => {} };
  });
  return new Fleet(nodes, clock);
};

describe("revocations over one memory store", () => {
  revocationRaces(open);
  revocationRacesObject(open);
});
