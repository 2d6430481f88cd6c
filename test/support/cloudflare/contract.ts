/** The contract suite inside a Worker: collects its cases, and runs the one that is asked for. */
import type { Store } from "../../../src/stores/store.ts";
import type { StoreContractOptions } from "../../../src/testing/contract/contract.ts";
import { storeContract } from "../../../src/testing/contract/contract.ts";
import type { StoreContext } from "../../../src/testing/contract/trial.ts";

/** The cases of a store by name. Registered anew for every request: what a request made cannot be used by another. */
export async function contractCases(
  open: (context: StoreContext) => Store,
  { handles, histories, seed }: Pick<StoreContractOptions, "handles" | "histories" | "seed">,
): Promise<ReadonlyMap<string, () => Promise<void>>> {
  const cases = new Map<string, () => Promise<void>>();
  const groups: string[] = [];
  await storeContract({
    describe(name, body) {
      groups.push(name);
      body();
      groups.pop();
    },
    it: (name, body) => void cases.set([...groups.slice(1), name].join(": "), body),
    handles,
    durable: true,
    histories,
    seed,
    open,
  });
  return cases;
}
