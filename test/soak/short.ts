/** The short form of a store's faults, for `npm test`: fewer clients, a second each, in process. */
import { afterAll, expect, test } from "vitest";
import type { StartBackend } from "./backend.ts";
import { runCampaign } from "./campaign.ts";

/** One test for each fault, all over one server. */
export async function shortForms(start: StartBackend, only?: readonly string[]): Promise<void> {
  const backend = await start();
  afterAll(() => backend.close());
  let seed = 0;
  test.each(Object.keys(backend.faults).filter((name) => only?.includes(name) ?? true))(
    `${backend.name}: %s breaks no promise`,
    async (fault) => {
      seed += 1;
      const { ledger } = await runCampaign({
        ...{ backend, fault, seed, clients: 40, think: 200, storeTimeout: 500 },
        ...{ before: 300, during: 700, after: 200, speed: 1, world: "Fetch", growth: Number.POSITIVE_INFINITY },
      });
      expect(ledger.details).toEqual([]);
      expect([...ledger.broken]).toEqual([]);
      expect(ledger.acknowledged).toBeGreaterThan(0);
    },
    240_000,
  );
}
