import { afterAll, describe, expect, it } from "vitest";
import { startWorker } from "../support/cloudflare/miniflare.ts";
import { repeatably, SEED } from "../support/seed.ts";

const worker = await startWorker();
afterAll(() => worker.close());

async function ask(question: Record<string, string>): Promise<unknown> {
  return (await worker.fetch(`/contract?${new URLSearchParams(question)}`)).json();
}

/** KV has nothing that could tell one of two parallel calls from the other. That is what "none" says. */
const BEYOND_KV = /of 20 parallel delete\(\) exactly one|parallel touch\(\) keep the latest/;

/**
 * With several objects what is about a user is in steps, so not every answer fits one order of all calls: docs/cloudflare.md.
 */
const IN_STEPS = /up to four at once/;

/** Runs inside workerd, over the bindings themselves: each case is a request. A D1 store keeps nothing, so two are as one. */
const plans = [
  { store: "d1", handles: "one", histories: "3" },
  { store: "durable-object", handles: "shared", histories: "8" },
  { store: "shards", handles: "shared", histories: "5", leaveOut: IN_STEPS },
  { store: "kv", handles: "one", histories: "1", leaveOut: BEYOND_KV },
] as const;

for (const plan of plans) {
  const { store, handles, histories } = plan;
  const cases = (await ask({ store, handles, histories })) as string[];
  const asked = cases.filter((name) => !("leaveOut" in plan && plan.leaveOut.test(name)));
  describe(`contract of the store "${store}", in workerd`, () => {
    it.each(asked)("%s", (name) =>
      repeatably(async () => {
        expect(await ask({ store, handles, histories, case: name, seed: `${SEED}` })).toEqual({});
      }),
    );
  });
}
